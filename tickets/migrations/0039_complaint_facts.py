"""Statistics of complaints are read from two indexes, without the rows themselves."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0038_department_notices")]

    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("type", "complaint")),
                fields=["created_at"],
                include=(
                    "id",
                    "category",
                    "solved_at",
                    "solve_count",
                    "reopen_count",
                    "sla_policy",
                    "queue",
                    "assignee",
                    "causes",
                ),
                name="ticket_complaint_facts",
            ),
        ),
        AddIndexConcurrently(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", False), ("metric", "resolution")),
                fields=["breached_at"],
                include=("ticket",),
                name="sla_clock_unsolved",
            ),
        ),
    ]
