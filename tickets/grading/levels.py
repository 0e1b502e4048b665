"""Grading complaints (C10): the gravest level whose condition holds; a level decides the queue and who may close."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.conditions import ConditionError, parse
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event, record_events
from tickets import events
from tickets.choices import TicketType
from tickets.grading.choices import GradeSource
from tickets.grading.facts import LEVEL_FIELDS, LevelFacts
from tickets.models import ComplaintGrade, ComplaintLevel, Ticket
from tickets.services import transitions
from tickets.services.transfer_rules import staffed_queue_ids

if TYPE_CHECKING:
    from crm.staff.models import User

GRADED = "ticket.graded"


def _is(name: str) -> dict[str, Any]:
    return {"field": name, "op": "eq", "value": True}


#: The pyramid every shop starts with: key, name, rank, condition, whether only specialists may end it.
BUILT_IN: tuple[tuple[str, str, int, dict[str, Any], bool], ...] = (
    ("doubt", "咨询性不满", 10, {}, False),
    (
        "ordinary",
        "一般投诉",
        20,
        {
            "any": [
                {"field": "severity", "op": "in", "value": ["high", "critical"]},
                {"field": "reopened", "op": "gte", "value": 1},
                {"field": "amount", "op": "gt", "value": 0},
            ]
        },
        False,
    ),
    (
        "major",
        "重大投诉",
        30,
        {
            "any": [
                {"field": "severity", "op": "eq", "value": "critical"},
                _is("legal"),
                {"field": "amount", "op": "gte", "value": 1000},
                {"field": "reopened", "op": "gte", "value": 2},
            ]
        },
        True,
    ),
    (
        "crisis",
        "危机",
        40,
        {
            "all": [
                _is("safety"),
                {"any": [_is("legal"), {"field": "severity", "op": "eq", "value": "critical"}]},
            ]
        },
        True,
    ),
)


def ensure_levels() -> list[ComplaintLevel]:
    """The levels, the gravest first; the built-in ones exist from the start."""
    rows = list(ComplaintLevel.objects.order_by("-rank"))
    if rows:
        return rows
    ComplaintLevel.objects.bulk_create(
        [
            ComplaintLevel(key=key, name=name, rank=rank, condition=condition, is_for_specialists=special)
            for key, name, rank, condition, special in BUILT_IN
        ],
        ignore_conflicts=True,
    )
    return list(ComplaintLevel.objects.order_by("-rank"))


@transaction.atomic
def save_level(*, level: ComplaintLevel | None, actor: Any, values: dict[str, Any]) -> ComplaintLevel:
    """Make or change a level; it holds for complaints that come or change from now on."""
    verb = "add" if level is None else "change"
    if not actor.has_perm(f"tickets.{verb}_complaintlevel"):
        raise NotAllowed(_("您没有维护投诉级别的权限。"))
    level = level or ComplaintLevel()
    for name, value in values.items():
        setattr(level, name, value)
    _check(level)
    level.save()
    payload = {"key": level.key, "rank": level.rank, "condition": level.condition, "queue": level.queue_id}
    record_event(
        kind="complaint_level.saved", subject_type="complaint_level", subject_id=level.pk, actor=actor, payload=payload
    )
    return level


def _check(level: ComplaintLevel) -> None:
    try:
        parse(level.condition, LEVEL_FIELDS)
    except ConditionError as error:
        raise InvalidInput(error.message, fields={"condition": error.sentences}) from error
    others = ComplaintLevel.objects.exclude(pk=level.pk)
    for name in ("key", "name", "rank"):
        if others.filter(**{name: getattr(level, name)}).exists():
            sentence = _("该值已被占用。")
            raise InvalidInput(sentence, code="duplicate", fields={name: [sentence]})
    is_catch_all = level.is_active and not level.condition
    if not is_catch_all and not others.filter(is_active=True, condition={}).exists():
        sentence = _("须保留一个没有条件的级别，作为其余投诉的级别。")
        raise InvalidInput(sentence, fields={"condition": [sentence]})


def judged(ticket: Ticket) -> ComplaintLevel | None:
    """The gravest active level whose condition holds."""
    facts = LevelFacts(ticket)
    for level in ensure_levels():
        if level.is_active and parse(level.condition, LEVEL_FIELDS).matches(facts):
            return level
    return None


@transaction.atomic
def grade(*, ticket: Ticket, at_least: ComplaintLevel | None = None) -> ComplaintGrade | None:
    """Give the complaint its level. It rises by itself and never falls by itself; lowering asks for approval."""
    if ticket.type != TicketType.COMPLAINT or ticket.merged_into_id:
        return None
    found = judged(ticket)
    if at_least is not None and (found is None or found.rank < at_least.rank):
        found = at_least
    if found is None:
        return None
    source = GradeSource.TRIGGER if at_least is found else GradeSource.RULE
    return _set(ticket, found, source, None, falls=False)


def _set(ticket: Ticket, level: ComplaintLevel, source: str, actor: "User | None", *, falls: bool) -> ComplaintGrade:
    row = ComplaintGrade.objects.select_for_update(of=("self",)).select_related("level").filter(ticket=ticket).first()
    if row is not None and (row.level_id == level.pk or (not falls and row.level.rank > level.rank)):
        return row
    was = row.level if row is not None else None
    row = row or ComplaintGrade(ticket=ticket, received_at=ticket.created_at)
    row.level, row.source, row.actor, row.graded_at = level, source, actor, clock.now()
    row.save()
    data = {"level": level.key, "level_name": level.name, "was": was.key if was else None, "source": str(source)}
    record_events([events.ticket_event(GRADED, ticket, actor, **data)])
    if was is None or level.rank > was.rank:
        _to_queue(ticket, level)
    return row


def _to_queue(ticket: Ticket, level: ComplaintLevel) -> None:
    """The level decides the queue, if somebody serves it."""
    wanted = level.queue
    if wanted is None or wanted.pk == ticket.queue_id or not ticket.is_open or wanted.pk not in staffed_queue_ids():
        return
    reason = _("级别：%(level)s") % {"level": level.name}
    transitions.move(ticket=ticket, actor=None, queue=wanted, reason=reason)


@transaction.atomic
def set_level(*, ticket: Ticket, actor: "User", level: ComplaintLevel, reason: str) -> ComplaintGrade:
    """A person raises the level. Lowering is `escalation.ask_end`'s: it needs a reason and another's approval."""
    if not actor.has_perm("tickets.escalate_ticket"):
        raise NotAllowed(_("您没有调整投诉级别的权限。"))
    if ticket.type != TicketType.COMPLAINT:
        raise Conflict(_("只有投诉可以定级。"), code="not_a_complaint")
    if not reason.strip():
        sentence = _("请填写原因。")
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    row = ComplaintGrade.objects.select_related("level").filter(ticket=ticket).first()
    if row is not None and level.rank < row.level.rank:
        raise Conflict(_("降低级别须申请降级并经批准。"), code="needs_approval")
    return _set(ticket, level, GradeSource.PERSON, actor, falls=False)


def lower(*, ticket: Ticket, actor: "User | None") -> ComplaintGrade | None:
    """After an approved de-escalation: the level that the rules give now, also if it is lower."""
    found = judged(ticket)
    return _set(ticket, found, GradeSource.RULE, actor, falls=True) if found is not None else None
