"""What can be done to many tickets: how, with which right, and by which service it is taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.text import row_id
from crm.staff.models import User
from crm.workbench.models import BulkAction
from crm.workbench.moments import preset, read_moment
from tickets.choices import Priority, TicketStatus
from tickets.models import Queue, Ticket
from tickets.services import catalogue, editing, snoozing, transfers, transitions

REASON_LENGTH = 500
TAG_LENGTH = 50
#: The button that names no moment.
UNTIL_CUSTOMER = "customer"


@dataclass(frozen=True)
class Prepared:
    """The checked input: what is kept of it, and the rows it means."""

    stored: dict[str, Any]
    rows: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verb:
    """`change` answers with what the ticket was before, which `undo` gets back."""

    permission: str
    prepare: Callable[[User, Mapping[str, Any]], Prepared]
    change: Callable[[Ticket, User, Prepared], dict[str, Any]]
    undo: Callable[[Ticket, User, dict[str, Any], dict[str, Any]], Any]


def _reason(values: Mapping[str, Any]) -> str:
    return str(values.get("reason", "")).strip()[:REASON_LENGTH]


def _wrong(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={name: [sentence]})


def _gone_on() -> Conflict:
    return Conflict(_("工单之后又有变动，未撤销。"), code="changed_since")


def _person(actor: User, values: Mapping[str, Any]) -> Prepared:
    chosen = str(values.get("assignee", ""))
    if not chosen:
        raise _wrong("assignee", _("请选择负责人。"))
    people = User.objects.visible_to(actor).active()
    person = actor if chosen == "me" else people.filter(pk=row_id(chosen)).first()
    if person is None:
        raise _wrong("assignee", _("没有这位员工。"))
    return Prepared({"assignee": person.pk, "reason": _reason(values)}, {"assignee": person})


def _assign(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    before = {"assignee": ticket.assignee_id}
    if ticket.assignee_id == given.stored["assignee"]:
        raise Conflict(_("已由该员工负责。"), code="same_assignee")
    transitions.assign(
        ticket=ticket, actor=actor, assignee=given.rows["assignee"], reason=given.stored.get("reason", "")
    )
    return before


def _unassign(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    if ticket.assignee_id != stored["assignee"] or not ticket.is_open:
        raise _gone_on()
    if before["assignee"] is None:
        transitions.release(ticket=ticket, actor=actor, reason=_("撤销批量分派"))
        return
    person = User.objects.active().filter(pk=before["assignee"]).first()
    if person is None:
        raise Conflict(_("原负责人已停用，未撤销。"), code="changed_since")
    transitions.assign(ticket=ticket, actor=actor, assignee=person, reason=_("撤销批量分派"))


def _queue(actor: User, values: Mapping[str, Any]) -> Prepared:
    if not values.get("queue"):
        raise _wrong("queue", _("请选择队列。"))
    queue = catalogue.queue_for(str(values["queue"])[:100])
    return Prepared({"queue": queue.key, "reason": _reason(values)}, {"queue": queue})


def _move(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    before = {"queue": ticket.queue_id, "assignee": ticket.assignee_id}
    transitions.move(ticket=ticket, actor=actor, queue=given.rows["queue"], reason=given.stored["reason"])
    return before


def _move_back(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    person = User.objects.active().filter(pk=before["assignee"]).first() if before["assignee"] else None
    transfers.take_back(ticket=ticket, actor=actor, queue=Queue.objects.get(pk=before["queue"]), assignee=person)


def _priority(actor: User, values: Mapping[str, Any]) -> Prepared:
    word = str(values.get("priority", ""))
    if word not in Priority.values:
        raise _wrong("priority", _("请选择优先级。"))
    return Prepared({"priority": word})


def _set_priority(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    before, wanted = str(ticket.priority), given.stored["priority"]
    if before == wanted:
        raise Conflict(_("优先级已是“%(name)s”。") % {"name": Priority(wanted).label}, code="same_priority")
    editing.edit(ticket=ticket, actor=actor, changes={"priority": wanted})
    return {"priority": before}


def _priority_back(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    if ticket.priority != stored["priority"]:
        raise _gone_on()
    editing.edit(ticket=ticket, actor=actor, changes={"priority": before["priority"]})


def _tag(actor: User, values: Mapping[str, Any]) -> Prepared:
    name = " ".join(str(values.get("tag", "")).replace("\x00", "").split())[:TAG_LENGTH]
    if not name:
        raise _wrong("tag", _("请填写标签。"))
    return Prepared({"tag": name})


def _names(ticket: Ticket) -> list[str]:
    return list(ticket.tags.values_list("name", flat=True))


def _add_tag(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    names, name = _names(ticket), given.stored["tag"]
    if name in names:
        raise Conflict(_("已有标签“%(name)s”。") % {"name": name}, code="same_tag")
    editing.edit(ticket=ticket, actor=actor, changes={"tags": [*names, name]})
    return {}


def _remove_tag(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    names = [name for name in _names(ticket) if name != stored["tag"]]
    editing.edit(ticket=ticket, actor=actor, changes={"tags": names})


def _nothing(actor: User, values: Mapping[str, Any]) -> Prepared:
    return Prepared({"reason": _reason(values)})


def _solve(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    transitions.solve(ticket=ticket, actor=actor, reason=given.stored["reason"])
    return {}


def _reopen(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    if ticket.status != TicketStatus.SOLVED:
        raise _gone_on()
    transitions.reopen(ticket=ticket, actor=actor, reason=_("撤销批量解决"))


def _until(actor: User, values: Mapping[str, Any]) -> Prepared:
    """A moment, the word of a button, or neither: until the customer writes."""
    given = values.get("until") or ""
    moment = given if isinstance(given, datetime) else preset(str(given))
    if moment is None and given != UNTIL_CUSTOMER:
        moment = read_moment(str(given)[:40], field="until")
    snoozing.check_moment(moment)
    return Prepared({"until": moment.isoformat() if moment else None}, {"until": moment})


def _snooze(ticket: Ticket, actor: User, given: Prepared) -> dict[str, Any]:
    until = ticket.snoozed_until
    before = {"snoozed": ticket.snoozed_at is not None, "until": until.isoformat() if until else None}
    snoozing.snooze(ticket=ticket, actor=actor, until=given.rows["until"])
    return before


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _unsnooze(ticket: Ticket, actor: User, before: dict[str, Any], stored: dict[str, Any]) -> None:
    """Back to the list, or to the moment it had been put away for."""
    if ticket.snoozed_at is None or ticket.snoozed_until != _moment(stored["until"]):
        raise _gone_on()
    until = _moment(before["until"])
    if before["snoozed"] and (until is None or until > clock.now()):
        snoozing.snooze(ticket=ticket, actor=actor, until=until)
    else:
        snoozing.wake(ticket=ticket, actor=actor)


VERBS: dict[str, Verb] = {
    BulkAction.ASSIGN: Verb("tickets.assign_ticket", _person, _assign, _unassign),
    BulkAction.MOVE: Verb("tickets.transition_ticket", _queue, _move, _move_back),
    BulkAction.PRIORITY: Verb("tickets.change_ticket", _priority, _set_priority, _priority_back),
    BulkAction.TAG: Verb("tickets.change_ticket", _tag, _add_tag, _remove_tag),
    BulkAction.SOLVE: Verb("tickets.transition_ticket", _nothing, _solve, _reopen),
    BulkAction.SNOOZE: Verb("tickets.transition_ticket", _until, _snooze, _unsnooze),
}
