"""An index for every order in which visits are listed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("followups", "0002_links")]

    operations = [
        AddIndexConcurrently(
            model_name="followupvisit",
            index=models.Index(fields=["due_at", "id"], name="followups_visit_due"),
        ),
        AddIndexConcurrently(
            model_name="followupvisit",
            index=models.Index(
                condition=models.Q(("status", "done")), fields=["-done_at", "-id"], name="followups_visit_done"
            ),
        ),
        AddIndexConcurrently(
            model_name="followupvisit",
            index=models.Index(
                condition=models.Q(("status__in", ["skipped", "cancelled"])),
                fields=["-due_at", "-id"],
                name="followups_visit_dropped",
            ),
        ),
    ]
