"""The moves a person may make on the desk, in the order of the menu."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.procedures.models import ProcedureTask
from core.wording import listed
from crm.staff.models import User
from crm.staff.services import relief
from crm.workbench.moments import read_moment
from tickets.choices import ChannelKind, Confirmation, LinkKind, TicketType
from tickets.models import Ticket
from tickets.procedures.kind import SUBJECT
from tickets.services import (
    catalogue,
    contact,
    conversation,
    merging,
    relations,
    snoozing,
    transfers,
    transitions,
    watching,
)

Values = Mapping[str, str]
#: Open tasks that the dialog of closing names.
MOST_TASKS = 5


def _reason(values: Values) -> str:
    return values.get("reason", "").strip()[:500]


def _assign(ticket: Ticket, user: User, values: Values) -> None:
    assignee = None
    chosen = values.get("assignee", "")
    if chosen:
        assignee = get_user_model().objects.visible_to(user).filter(pk=chosen if chosen.isdigit() else None).first()
        if assignee is None:
            raise InvalidInput(_("没有这位员工。"), fields={"assignee": []})
    transitions.assign(ticket=ticket, actor=user, assignee=assignee, reason=_reason(values))


def _move(ticket: Ticket, user: User, values: Values) -> None:
    queue = catalogue.queue_for(values.get("queue", ""))
    transfers.transfer(ticket=ticket, actor=user, queue=queue, reason=_reason(values))


def _close(ticket: Ticket, user: User, values: Values) -> None:
    transitions.close(
        ticket=ticket,
        actor=user,
        reason=_reason(values),
        confirmation=values.get("confirmation") or Confirmation.CUSTOMER,
    )


def _merge(ticket: Ticket, user: User, values: Values) -> None:
    target = Ticket.objects.visible_to(user).filter(number=values.get("into", "").strip()).first()
    if target is None:
        raise InvalidInput(_("没有这张工单，请核对要并入的工单号。"), fields={"into": []})
    merging.merge(source=ticket, target=target, actor=user)


def _unmerge(ticket: Ticket, user: User, values: Values) -> None:
    record = ticket.merges.filter(undone_at=None).first()
    if record is None:
        raise InvalidInput(_("该工单没有可撤销的合并。"))
    merging.unmerge(merge=record, actor=user)


def _link(ticket: Ticket, user: User, values: Values) -> None:
    relations.link(ticket=ticket, other=_other(user, values), actor=user, kind=values.get("kind") or LinkKind.RELATED)


def _other(user: User, values: Values) -> Ticket:
    """The ticket whose number was typed, among those the person sees."""
    found = Ticket.objects.visible_to(user).filter(number=values.get("into", "").replace("\x00", "").strip()).first()
    if found is None:
        raise InvalidInput(_("没有这张工单，请核对工单号。"), fields={"into": []})
    return found  # type: ignore[no-any-return]


def _unlink(ticket: Ticket, user: User, values: Values) -> None:
    chosen = values.get("link", "")
    for relation in relations.relations_of(ticket, user):
        if str(relation.link.pk) == chosen:
            relations.unlink(link=relation.link, actor=user)
            return
    raise InvalidInput(_("没有这条关联。"))


def _split(ticket: Ticket, user: User, values: Values) -> None:
    chosen = values.get("message", "")
    message = ticket.messages.filter(pk=chosen if chosen.isdigit() and len(chosen) < 19 else None).first()
    if message is None:
        raise InvalidInput(_("没有这条消息。"))
    relations.split(ticket=ticket, message=message, actor=user)


def _solve_children(ticket: Ticket, user: User, values: Values) -> None:
    relations.solve_children(ticket=ticket, actor=user)


def _unreachable(ticket: Ticket, user: User, values: Values) -> None:
    contact.record_attempt(ticket=ticket, actor=user, outcome="unreachable", note=_reason(values))


def _snooze(ticket: Ticket, user: User, values: Values) -> None:
    snoozing.snooze(ticket=ticket, actor=user, until=read_moment(values.get("until", ""), field="until"))


def _wake(ticket: Ticket, user: User, values: Values) -> None:
    snoozing.wake(ticket=ticket, actor=user)


def _watch(ticket: Ticket, user: User, values: Values) -> None:
    watching.watch(ticket=ticket, actor=user)


def _unwatch(ticket: Ticket, user: User, values: Values) -> None:
    watching.unwatch(ticket=ticket, actor=user)


def _called(ticket: Ticket, user: User, values: Values) -> None:
    """The customer of this ticket has telephoned: the call stands in the same conversation (A22)."""
    said = values.get("reason", "").replace("\x00", "").strip()
    if not said:
        sentence = gettext("请填写客户在电话里说了什么。")
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    known = catalogue.in_force().channels.values()
    phones = [channel for channel in known if channel.kind == ChannelKind.PHONE]
    channel = phones[0] if phones else catalogue.channel_for(ChannelKind.PHONE)[0]
    conversation.customer_message(ticket=ticket, body=said[:500], actor=user, channel=channel)


def _relief(ticket: Ticket, user: User, values: Values) -> None:
    relief.ask_relief(ticket=ticket, actor=user, note=_reason(values))


def _plain(verb: Callable[..., Any]) -> Callable[[Ticket, User, Values], None]:
    def run(ticket: Ticket, user: User, values: Values) -> None:
        verb(ticket=ticket, actor=user, reason=_reason(values))

    return run


ACTIONS: dict[str, Callable[[Ticket, User, Values], None]] = {
    "assign": _assign,
    "move": _move,
    "close": _close,
    "merge": _merge,
    "unmerge": _unmerge,
    "link": _link,
    "unlink": _unlink,
    "split": _split,
    "solve_children": _solve_children,
    "unreachable": _unreachable,
    "snooze": _snooze,
    "wake": _wake,
    "watch": _watch,
    "unwatch": _unwatch,
    "relief": _relief,
    "called": _called,
    "release": _plain(transitions.release),
    "wait": _plain(transitions.wait),
    "hold": _plain(transitions.hold),
    "resume": _plain(transitions.resume),
    "solve": _plain(transitions.solve),
    "reopen": _plain(transitions.reopen),
    "escalate": _plain(transitions.escalate),
    "cancel": _plain(transitions.cancel),
}


@dataclass(frozen=True)
class ShownAction:
    key: str
    label: str | Promise
    icon: str
    shortcut: str = ""
    dialog: bool = False
    danger: bool = False
    #: What is said in its dialog before it is done.
    hint: str = ""


_MENU = (
    ShownAction("resume", _("恢复处理"), "player-play", "u"),
    ShownAction("wait", _("等待客户"), "hourglass", "w"),
    ShownAction("hold", _("挂起"), "player-pause", "h"),
    ShownAction("escalate", _("升级"), "arrow-up-circle", "x", dialog=True),
    ShownAction("release", _("退回队列"), "arrow-back-up", "b"),
    ShownAction("reopen", _("重开"), "rotate", "o", dialog=True),
    ShownAction("close", _("关闭"), "lock", "c", dialog=True),
    ShownAction("cancel", _("撤销工单"), "ban", dialog=True, danger=True),
)


def available_actions(ticket: Ticket, user: User) -> list[ShownAction]:
    """The moves the table permits now and the person may make."""
    if not user.has_perm("tickets.transition_ticket"):
        return []
    allowed = set(ticket.allowed_actions())
    return [
        replace(item, hint=_still_open(ticket)) if item.key == "close" else item
        for item in _MENU
        if item.key in allowed
    ]


def _still_open(ticket: Ticket) -> str:
    """What departments have still to do for a complaint; closing it does not wait for them."""
    if ticket.type != TicketType.COMPLAINT:
        return ""
    rows: Any = ProcedureTask.objects.filter(run__subject_type=SUBJECT, run__subject_id=ticket.pk)
    titles = list(rows.open().order_by("due_at", "id").values_list("title", flat=True)[:MOST_TASKS])
    return gettext("还有任务未完成：%(names)s。") % {"names": listed(titles)} if titles else ""
