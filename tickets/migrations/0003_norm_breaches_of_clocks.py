"""Clocks that ran out before breaches had rows of their own get theirs, with who was responsible then."""

from typing import Any

from django.conf import settings
from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 1000
STAGES = {"first_response": "accepted", "next_response": "handled", "resolution": "handled"}


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Batch by batch; may be run again."""
    clocks = apps.get_model("tickets", "SLAClock").objects.filter(breached_at__isnull=False)
    last = 0
    while True:
        rows = list(clocks.filter(pk__gt=last).select_related("ticket").order_by("pk")[:BATCH])
        if not rows:
            return
        last = rows[-1].pk
        _write(apps, rows)


def _write(apps: Apps, rows: list[Any]) -> None:
    told = {
        event.payload.get("clock"): event.payload
        for event in apps.get_model("core", "Event").objects.filter(
            subject_type="ticket", subject_id__in=[row.ticket_id for row in rows], kind="sla.breached"
        )
    }
    model = apps.get_model("tickets", "NormBreach")
    known = set(apps.get_model(settings.AUTH_USER_MODEL).objects.values_list("pk", flat=True))
    queues = set(apps.get_model("tickets", "Queue").objects.values_list("pk", flat=True))
    made = []
    for row in rows:
        # A clock that ended late before its timer fired has no event: the ticket's owner is the best there is.
        then = told.get(row.pk, {"assignee": row.ticket.assignee_id, "queue": row.ticket.queue_id})
        person, queue = then.get("assignee"), then.get("queue")
        made.append(
            model(
                key=f"clock:{row.pk}",
                ticket_id=row.ticket_id,
                stage=STAGES[row.metric],
                kind="time",
                source="clock",
                sla_clock_id=row.pk,
                at=row.breached_at,
                queue_id=queue if queue in queues else row.ticket.queue_id,
                assignee_id=person if person in known else None,
            )
        )
    model.objects.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_norms"),
        ("core", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
