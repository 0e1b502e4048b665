"""The index of "by deadline" serves the whole list, not the open tickets alone."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0006_compensations_kept")]

    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("next_due_at__isnull", False)), fields=["next_due_at", "id"], name="ticket_due"
            ),
        ),
        RemoveIndexConcurrently(model_name="ticket", name="ticket_open_due"),
    ]
