"""Booking a visit, moving it and cancelling it.

Whether the technician is free is decided by the database alone (`appointment_technician_once`): two
colleagues who book the same hour at the same moment cannot both succeed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from tickets import events
from tickets.appointment_choices import AppointmentState
from tickets.choices import NoticeKind, TicketStatus
from tickets.models import Appointment, Ticket, TicketWatcher
from tickets.models.appointment import ONE_AT_A_TIME
from tickets.services import notices, routing, transitions
from tickets.services.appointments import reminding

if TYPE_CHECKING:
    from crm.staff.models import User

BOOKED = "appointment.booked"
MOVED = "appointment.moved"
CANCELLED = "appointment.cancelled"
#: Why a technician sees a ticket that is not of their queues.
SERVES = "appointment"
SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=12)
FURTHEST = timedelta(days=180)
ADDRESS_LENGTH, PHONE_LENGTH, TASK_LENGTH, REASON_LENGTH = 300, 30, 1000, 300


def refuse(name: str, sentence: str) -> NoReturn:
    raise InvalidInput(sentence, fields={name: [sentence]})


def check_window(starts_at: datetime, ends_at: datetime) -> None:
    """A time window lies ahead, not too far, and is neither too short nor too long."""
    now = clock.now()
    if starts_at <= now:
        refuse("starts_at", _("上门时间不能是过去的时间。"))
    if starts_at > now + FURTHEST:
        refuse("starts_at", _("上门时间须在 %(n)d 天之内。") % {"n": FURTHEST.days})
    if not SHORTEST <= ends_at - starts_at <= LONGEST:
        refuse("ends_at", _("结束时间须晚于上门时间 15 分钟到 12 小时。"))


def check_technician(technician: "User") -> None:
    if not technician.is_active or technician.is_auditor:
        refuse("technician", _("这位同事不能上门服务，请另选。"))


@transaction.atomic
def book(
    *,
    ticket: Ticket,
    actor: "User",
    technician: "User",
    starts_at: datetime,
    ends_at: datetime,
    address: str,
    phone: str = "",
    task: str = "",
) -> Appointment:
    """Book a visit and let the technician see the ticket.

    Without a phone number the customer's own is taken. Raises InvalidInput for a time that cannot be,
    Conflict "double_booked" when the technician is somewhere else then.
    """
    if not actor.has_perm("tickets.add_appointment"):
        raise NotAllowed(_("您没有预约上门的权限。"))
    ticket = transitions.lock(ticket)
    _check_ticket(ticket)
    check_window(starts_at, ends_at)
    check_technician(technician)
    address = _line("address", address, ADDRESS_LENGTH)
    if not address:
        refuse("address", _("请填写上门地址。"))
    with one_at_a_time(technician, starts_at, ends_at):
        made: Appointment = Appointment.objects.create(
            ticket=ticket,
            technician=technician,
            starts_at=starts_at,
            ends_at=ends_at,
            address=address,
            phone=_line("phone", phone, PHONE_LENGTH) or ticket.customer.phone or "",
            task=task.strip()[:TASK_LENGTH],
            booked_by=actor,
        )
    _give(made, actor)
    reminding.plan(made)
    _record(BOOKED, made, actor)
    return made


def _check_ticket(ticket: Ticket) -> None:
    routing.refuse_merged(ticket)
    if ticket.status == TicketStatus.CLOSED:
        raise Conflict(_("工单已关闭，请先重开。"), code="closed", allowed=ticket.allowed_actions())


def _line(name: str, text: str, most: int) -> str:
    cleaned = " ".join(text.split())
    if len(cleaned) > most:
        refuse(name, _("不能超过 %(n)d 个字符。") % {"n": most})
    return cleaned


@contextmanager
def one_at_a_time(technician: "User", starts_at: datetime, ends_at: datetime) -> Iterator[None]:
    """Turns the database's refusal of a double booking into a sentence that names the other visit's time."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if ONE_AT_A_TIME not in str(error):
            raise
        raise _taken(technician, starts_at, ends_at) from None


def _taken(technician: "User", starts_at: datetime, ends_at: datetime) -> Conflict:
    other = Appointment.objects.planned().filter(technician=technician, starts_at__lt=ends_at, ends_at__gt=starts_at)
    found = other.order_by("starts_at").first()
    span = found.span if found else ""
    sentence = _("%(name)s在这段时间已有预约（%(span)s），请换时间或换人。") % {"name": technician.name, "span": span}
    return Conflict(sentence, code="double_booked", fields={"starts_at": [sentence]})


def _give(appointment: Appointment, actor: "User") -> None:
    """The technician sees the ticket from now on, and hears of the visit."""
    TicketWatcher.objects.get_or_create(
        ticket=appointment.ticket, user=appointment.technician, defaults={"reason": SERVES}
    )
    _tell(appointment, actor, NoticeKind.APPOINTMENT_GIVEN, [appointment.technician_id])


def _tell(appointment: Appointment, actor: "User", kind: NoticeKind, people: list[int]) -> None:
    notices.notify(users=people, kind=kind, ticket=appointment.ticket, actor=actor)


def _record(kind: str, appointment: Appointment, actor: "User | None", **data: Any) -> None:
    told = {
        "appointment": appointment.pk,
        "technician": appointment.technician_id,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
    }
    record_events([events.ticket_event(kind, appointment.ticket, actor, **{**told, **data})])


def locked(appointment: Appointment, actor: "User") -> Appointment:
    """The row under its lock, if it is still planned. Raises NotAllowed, or Conflict "not_planned"."""
    if not actor.has_perm("tickets.change_appointment"):
        raise NotAllowed(_("您没有改约或取消的权限。"))
    return planned(appointment)


def planned(appointment: Appointment) -> Appointment:
    rows = Appointment.objects.select_for_update(of=("self",)).select_related("ticket__customer", "technician")
    found: Appointment = rows.get(pk=appointment.pk)
    if not found.is_planned:
        state = found.get_state_display()
        raise Conflict(_("这次预约%(state)s，不能再改。") % {"state": state}, code="not_planned")
    return found


def _reason(text: str) -> str:
    cleaned = _line("reason", text, REASON_LENGTH)
    if not cleaned:
        refuse("reason", _("请填写原因。"))
    return cleaned


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    actor: "User",
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    technician: "User | None" = None,
) -> Appointment:
    """Another time, perhaps another person, for a reason. Who had it and who has it now both hear of it."""
    appointment = locked(appointment, actor)
    check_window(starts_at, ends_at)
    reason = _reason(reason)
    before, was = appointment.technician_id, appointment.starts_at
    if technician is not None:
        check_technician(technician)
        appointment.technician = technician
    appointment.starts_at, appointment.ends_at, appointment.reason = starts_at, ends_at, reason
    appointment.move_count += 1
    appointment.reminded_at = None
    with one_at_a_time(appointment.technician, starts_at, ends_at):
        appointment.save(update_fields=["technician", "starts_at", "ends_at", "reason", "move_count", "reminded_at"])
    if appointment.technician_id == before:
        _tell(appointment, actor, NoticeKind.APPOINTMENT_MOVED, [before])
    else:
        _tell(appointment, actor, NoticeKind.APPOINTMENT_OFF, [before])
        _give(appointment, actor)
    reminding.plan(appointment)
    _record(MOVED, appointment, actor, was=was.isoformat(), was_technician=before, reason=reason)
    return appointment


@transaction.atomic
def cancel(*, appointment: Appointment, actor: "User", reason: str) -> Appointment:
    """No visit, for a reason. The technician's time is free again."""
    appointment = locked(appointment, actor)
    appointment.reason = _reason(reason)
    appointment.state, appointment.ended_by, appointment.ended_at = AppointmentState.CANCELLED, actor, clock.now()
    appointment.save(update_fields=["state", "reason", "ended_by", "ended_at"])
    reminding.stop(appointment)
    _tell(appointment, actor, NoticeKind.APPOINTMENT_OFF, [appointment.technician_id])
    _record(CANCELLED, appointment, actor, reason=appointment.reason)
    return appointment
