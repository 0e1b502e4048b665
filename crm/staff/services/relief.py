"""Relief: an agent asks, the supervisor hears of it at once and decides; granted, the conversation changes hands."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from crm.staff.choices import Availability, ReliefState
from crm.staff.models import ReliefRequest, User
from crm.staff.services.availability import change_availability
from tickets import events
from tickets.anger import anger_of
from tickets.choices import Action, MessageKind, NoticeKind
from tickets.models import Ticket
from tickets.services import notices, routing, transitions

ASKED = "relief.asked"
GRANTED = "relief.granted"
DECLINED = "relief.declined"
WITHDRAWN = "relief.withdrawn"
NOTE_LENGTH = 500
REASON_LENGTH = 300
#: What a person may be set to when relief is granted.
STATES_AFTER = (Availability.BREAK, Availability.BUSY, Availability.ONLINE)


@transaction.atomic
def ask_relief(*, ticket: Ticket, actor: User, note: str = "") -> ReliefRequest:
    """Ask to hand the conversation over. Raises Conflict when it is not theirs or they have asked already."""
    if not actor.has_perm("staff.ask_relief"):
        raise NotAllowed(_("您没有请求换人的权限。"))
    if len(note) > NOTE_LENGTH:
        _refuse("note", _("说明不能超过 %(n)d 个字符。") % {"n": NOTE_LENGTH})
    ticket = transitions.lock(ticket)
    if ticket.assignee_id != actor.pk or not ticket.is_open:
        raise Conflict(_("您不是这张工单的负责人，无须换人。"), code="not_assignee")
    try:
        with transaction.atomic():
            request: ReliefRequest = ReliefRequest.objects.create(
                ticket=ticket, person=actor, note=note.strip(), anger_level=_anger_level(ticket)
            )
    except IntegrityError:
        raise Conflict(_("已经请求换人，正在等主管处理。"), code="already_asked") from None
    record_events([events.ticket_event(ASKED, ticket, actor, relief=request.pk)])
    notices.notify(users=_deciders(actor), kind=NoticeKind.RELIEF_ASKED, ticket=ticket, actor=actor)
    return request


def _anger_level(ticket: Ticket) -> int:
    last = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("-created_at", "-pk").first()
    return anger_of(last.body).level if last is not None else 0


def _deciders(person: User) -> list[int]:
    """The supervisors above the person's teams, who may decide."""
    heads = User.objects.active().filter(role="supervisor")
    return [head.pk for head in heads if head.pk != person.pk and head.team_ids_below & person.own_team_ids]


@transaction.atomic
def grant_relief(
    *, request: ReliefRequest, actor: User, availability: str = Availability.BREAK, reason: str = ""
) -> ReliefRequest:
    """The person gets a pause and the conversation somebody else: the least loaded, else it waits in its queue."""
    if availability not in STATES_AFTER:
        _refuse("availability", _("换人后的状态须是小休、忙碌或在线。"))
    request = _decide(request, actor, ReliefState.GRANTED, reason)
    person, ticket = request.person, transitions.lock(request.ticket)
    # First the state, so that the conversation does not come back to the one who just gave it away.
    change_availability(user=person, availability=availability, actor=None)
    request.availability = availability
    if ticket.is_open and ticket.assignee_id == person.pk:
        request.handed_to = _hand_over(ticket, person, actor)
    request.save(
        update_fields=["state", "decided_by", "decided_at", "reason", "availability", "handed_to"],
    )
    record_events([events.ticket_event(GRANTED, ticket, actor, relief=request.pk)])
    notices.notify(users=[person.pk], kind=NoticeKind.RELIEF_GRANTED, ticket=ticket, actor=actor)
    return request


def _hand_over(ticket: Ticket, person: User, actor: User) -> User | None:
    """Who has the conversation now; None: it waits in its queue."""
    reason = _("换人处理")
    other = routing.choose_assignee(ticket.queue_id)
    if other is not None and other.pk != person.pk:
        transitions.assign(ticket=ticket, actor=actor, assignee=other, reason=reason)
        return other
    if Action.RESUME in ticket.allowed_actions():
        ticket = transitions.resume(ticket=ticket, actor=actor, reason=reason)
    if Action.RELEASE in ticket.allowed_actions():
        transitions.release(ticket=ticket, actor=actor, reason=reason)
        return None
    transitions.assign(ticket=ticket, actor=actor, reason=reason)
    return actor


@transaction.atomic
def decline_relief(*, request: ReliefRequest, actor: User, reason: str) -> ReliefRequest:
    """The person goes on, and is told why."""
    if not reason.strip():
        _refuse("reason", _("请填写理由。"))
    request = _decide(request, actor, ReliefState.DECLINED, reason)
    request.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    record_events([events.ticket_event(DECLINED, request.ticket, actor, relief=request.pk)])
    notices.notify(users=[request.person_id], kind=NoticeKind.RELIEF_DECLINED, ticket=request.ticket, actor=actor)
    return request


@transaction.atomic
def withdraw_relief(*, request: ReliefRequest, actor: User) -> ReliefRequest:
    """Who asked has changed their mind."""
    request = _locked(request)
    if request.person_id != actor.pk:
        raise NotAllowed(_("只有请求人可以撤回。"))
    _stamp(request, actor, ReliefState.WITHDRAWN, "")
    request.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    record_events([events.ticket_event(WITHDRAWN, request.ticket, actor, relief=request.pk)])
    return request


def may_decide(actor: User, person: User) -> bool:
    """The supervisors of the person's branch, and nobody in their own cause."""
    return (
        actor.pk != person.pk
        and actor.is_supervisor
        and actor.has_perm("staff.grant_relief")
        and bool(actor.team_ids_below & person.own_team_ids)
    )


def _decide(request: ReliefRequest, actor: User, state: ReliefState, reason: str) -> ReliefRequest:
    request = _locked(request)
    if not may_decide(actor, request.person):
        raise NotAllowed(_("只有请求人的主管可以处理。"))
    if len(reason) > REASON_LENGTH:
        _refuse("reason", _("理由不能超过 300 个字符。"))
    _stamp(request, actor, state, reason)
    return request


def _locked(request: ReliefRequest) -> ReliefRequest:
    rows: Any = ReliefRequest.objects.select_for_update(of=("self",)).select_related("person", "ticket")
    found: ReliefRequest = rows.get(pk=request.pk)
    return found


def _stamp(request: ReliefRequest, actor: User, state: ReliefState, reason: str) -> None:
    if request.state != ReliefState.ASKED:
        raise Conflict(_("这个请求已经处理。"), code="already_decided")
    request.state, request.decided_by, request.decided_at, request.reason = state, actor, clock.now(), reason.strip()


def _refuse(name: str, sentence: str) -> None:
    raise InvalidInput(sentence, fields={name: [sentence]})


def open_request_of(ticket: Ticket, viewer: User) -> ReliefRequest | None:
    """The request on the ticket that waits for a decision, if it is the viewer's to know."""
    rows: Any = ReliefRequest.objects.visible_to(viewer).open().filter(ticket=ticket).select_related("person")
    found: ReliefRequest | None = rows.first()
    return found
