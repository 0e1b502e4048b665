"""Reminding the customer a day before, the way answers travel; where none does, a colleague is asked to call."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.events import record_events
from core.outbox import enqueue
from core.timers import TimerSpec, arm, cancel
from tickets import channels, events
from tickets.choices import NoticeKind
from tickets.models import Appointment
from tickets.services import conversation, notices, outgoing

TIMER = "appointment.remind"
SUBJECT = "appointment"
MAIL = "appointment_mail"
REMINDED = "appointment.reminded"
BEFORE = timedelta(hours=24)


def plan(appointment: Appointment) -> None:
    """Let the reminder come a day before; who books later than that has just been told."""
    at = appointment.starts_at - BEFORE
    if at <= clock.now():
        stop(appointment)
        return
    arm(
        TimerSpec(
            key=f"{TIMER}:{appointment.pk}", kind=TIMER, due_at=at, subject_type=SUBJECT, subject_id=appointment.pk
        )
    )


def stop(appointment: Appointment) -> None:
    cancel(subject_type=SUBJECT, subject_id=appointment.pk, kinds=[TIMER])


@transaction.atomic
def moment_came(*, appointment_id: int, due_at: datetime) -> None:
    """The timer: remind once, unless the visit was moved or cancelled meanwhile."""
    rows = Appointment.objects.select_for_update(of=("self",)).planned().filter(pk=appointment_id, reminded_at=None)
    appointment: Appointment | None = rows.select_related("ticket__customer", "ticket__channel").first()
    if appointment is None or appointment.starts_at - BEFORE > due_at:
        return
    appointment.reminded_at = clock.now()
    appointment.save(update_fields=["reminded_at"])
    way = _send(appointment)
    record_events([events.ticket_event(REMINDED, appointment.ticket, None, appointment=appointment.pk, way=way)])


def _send(appointment: Appointment) -> str:
    ticket = appointment.ticket
    may_write = ticket.customer.do_not_contact_at is None
    if may_write and outgoing.can_write_to(ticket):
        enqueue(
            kind=MAIL,
            dedupe_key=f"appointment:{appointment.pk}:{appointment.move_count}",
            target=f"ticket:{ticket.pk}",
            payload={"appointment": appointment.pk, "move": appointment.move_count},
            lane=f"email:{ticket.pk}",
        )
        return "mail"
    if may_write and channels.of(ticket.channel.kind).is_relayed:
        conversation.automatic_message(ticket=ticket, body=words(appointment))
        return "conversation"
    people = {appointment.technician_id, ticket.assignee_id or appointment.booked_by_id}
    notices.notify(users=people, kind=NoticeKind.APPOINTMENT_CALL, ticket=ticket)
    return "by_hand"


def words(appointment: Appointment) -> str:
    """What the customer reads. No address: they know it, and others may read along."""
    return _("温馨提醒：我们已为您预约 %(span)s 上门服务。如需改约，请直接回复。") % {"span": appointment.span}


def send_mail(appointment_id: int, move: int) -> None:
    """Send a queued reminder, unless the visit was moved, cancelled or served since."""
    rows = Appointment.objects.planned().filter(pk=appointment_id, move_count=move)
    appointment: Appointment | None = rows.select_related("ticket__customer", "ticket__channel").first()
    if appointment is None or not outgoing.can_write_to(appointment.ticket):
        return
    if appointment.ticket.customer.do_not_contact_at is not None:
        return
    what = f"appointment-{appointment.pk}"
    body = words(appointment)
    outgoing.send(outgoing.compose(appointment.ticket, what=what, body=body, auto_submitted="auto-generated"))
