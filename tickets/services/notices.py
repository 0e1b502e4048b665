"""Notices: what one person should know about a ticket, in their bell and live."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core import clock
from core.events import EventData, record_events
from tickets.models import Notice, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

#: Heard by the person alone; says no more than that there is something new.
NOTICED = "notice.created"


def notify(*, users: Collection[int], kind: str, ticket: Ticket, actor: "User | None" = None) -> list[Notice]:
    """Tell these people, each once; whoever caused it is not told. In the caller's transaction."""
    told = sorted({user_id for user_id in users if actor is None or user_id != actor.pk})
    if not told:
        return []
    rows = Notice.objects.bulk_create(
        [Notice(user_id=user_id, kind=kind, ticket=ticket, actor=actor, created_at=clock.now()) for user_id in told]
    )
    record_events([_event(row) for row in rows])
    return rows


def _event(notice: Notice) -> EventData:
    return EventData(
        kind=NOTICED,
        subject_type="notice",
        subject_id=notice.pk,
        actor=None,
        audience=[f"user:{notice.user_id}"],
        payload={"user": notice.user_id, "notice_kind": notice.kind, "ticket": notice.ticket_id},
    )


def unread_count(user: "User", *, most: int = 100) -> int:
    """Unread notices, counted up to `most`."""
    return len(Notice.objects.filter(user=user, read_at=None).values_list("pk")[:most])


@transaction.atomic
def mark_read(*, actor: "User", ids: Collection[int] | None = None) -> int:
    """One's own notices are read: those named, or all. Returns how many were unread."""
    rows: Any = Notice.objects.filter(user=actor, read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return int(rows.update(read_at=clock.now()))
