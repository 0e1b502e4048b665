"""Reminding the customer a day before, through outreach; where nothing may or can be sent, a colleague calls."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.events import record_events
from core.outbox import Undeliverable
from core.timers import TimerSpec, arm, cancel
from customers import outreach
from customers.models import Customer, Outreach
from customers.outreach.ways import NoLongerWanted, Way, register_way
from customers.outreach_choices import OutreachChannel, OutreachPurpose, OutreachReason, OutreachStatus
from tickets import channels, events
from tickets.choices import NoticeKind
from tickets.models import Appointment, Ticket
from tickets.services import conversation, notices, outgoing

TIMER = "appointment.remind"
SUBJECT = "appointment"
MAIL, TALK = "appointment_mail", "appointment_talk"
REMINDED = "appointment.reminded"
BEFORE = timedelta(hours=24)


def plan(appointment: Appointment) -> None:
    """Let the reminder come a day before; who books later than that has just been told."""
    stop(appointment)
    at = appointment.starts_at - BEFORE
    if at <= clock.now():
        return
    arm(
        TimerSpec(
            key=f"{TIMER}:{appointment.pk}", kind=TIMER, due_at=at, subject_type=SUBJECT, subject_id=appointment.pk
        )
    )


def stop(appointment: Appointment) -> None:
    """Nothing is said any more of the hour it had."""
    cancel(subject_type=SUBJECT, subject_id=appointment.pk, kinds=[TIMER])
    said = Outreach.objects.filter(subject_type=SUBJECT, subject_id=appointment.pk).values_list("pk", flat=True)
    outreach.call_off(ids=list(said), actor=None, reason=OutreachReason.SETTLED)


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
    """Through the one door out; where it stays shut or needs a person, a colleague is told to call."""
    ticket = appointment.ticket
    way = _way_to(ticket)
    row = outreach.reach(
        actor=None,
        wanted=outreach.Wanted(
            key=f"appointment:{appointment.pk}:{appointment.move_count}",
            customer=ticket.customer,
            purpose=OutreachPurpose.SERVICE,
            title=_("上门服务提醒"),
            body=words(appointment),
            way=way,
            lane=f"email:{ticket.pk}" if way == MAIL else "",
            subject_type=SUBJECT,
            subject_id=appointment.pk,
        ),
    )
    if row.status == OutreachStatus.WAITING:
        return str(row.channel)
    if row.status != OutreachStatus.DRILL:
        people = {appointment.technician_id, ticket.assignee_id or appointment.booked_by_id}
        notices.notify(users=people, kind=NoticeKind.APPOINTMENT_CALL, ticket=ticket)
    return str(row.status)


def _way_to(ticket: Ticket) -> str:
    """The way answers of this ticket travel; "" leaves the choice to outreach."""
    if outgoing.can_write_to(ticket):
        return MAIL
    return TALK if channels.of(ticket.channel.kind).is_relayed else ""


def register() -> None:
    """Tell outreach how reminders leave within their ticket, once at start-up."""
    register_way(Way(MAIL, OutreachChannel.EMAIL, _everybody, _mail, is_offered=False))
    register_way(Way(TALK, OutreachChannel.CONVERSATION, _everybody, _say, is_offered=False))


def _everybody(customers: Collection[Customer]) -> set[int]:
    """Whether the ticket's customer is reached was asked with the ticket."""
    return {customer.pk for customer in customers}


def _mail(row: Outreach) -> None:
    appointment = _planned(row)
    if not outgoing.can_write_to(appointment.ticket):
        raise Undeliverable("the ticket is not answered by mail any more")
    what = f"{SUBJECT}-{appointment.pk}"
    outgoing.send(outgoing.compose(appointment.ticket, what=what, body=row.body, auto_submitted="auto-generated"))


def _say(row: Outreach) -> None:
    conversation.automatic_message(ticket=_planned(row).ticket, body=row.body)


def _planned(row: Outreach) -> Appointment:
    """The visit, unless it was cancelled or served since. One that was moved has called this message off."""
    rows = Appointment.objects.planned().filter(pk=row.subject_id)
    found: Appointment | None = rows.select_related("ticket__customer", "ticket__channel").first()
    if found is None:
        raise NoLongerWanted
    return found


def words(appointment: Appointment) -> str:
    """What the customer reads. No address: they know it, and others may read along."""
    return _("温馨提醒：我们已为您预约 %(span)s 上门服务。如需改约，请直接回复。") % {"span": appointment.span}
