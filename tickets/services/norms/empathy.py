"""The empathy checklist of the first reply: judged while it is typed with the words that score it afterwards.

A missing item warns and never blocks; the stage norm that asks for `reply.acknowledges`, `reply.restates` and
`reply.commits` finds the same when the reply has gone out.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets import norm_words
from tickets.choices import MessageKind
from tickets.models import Ticket


@dataclass(frozen=True)
class EmpathyItem:
    """One item of the list and whether the text does it."""

    key: str
    label: str | Promise
    hint: str | Promise
    is_met: bool

    def as_dict(self) -> dict[str, object]:
        return {"key": self.key, "label": str(self.label), "hint": str(self.hint), "is_met": self.is_met}


def is_due(ticket: Ticket) -> bool:
    """Only the first reply of a person has the list."""
    return ticket.first_responded_at is None


def asked_by(ticket: Ticket) -> str:
    """What the customer has said up to now. One statement."""
    said = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("created_at", "pk")
    return "\n".join(message.body for message in said)


def checklist(text: str, *, asked: str) -> list[EmpathyItem]:
    """Acknowledge, restate, commit to a time: the three things a first reply owes."""
    return [
        EmpathyItem(
            "acknowledges", _("体谅"), _("体谅客户的感受，例如“让您久等了，非常抱歉”"), norm_words.acknowledges(text)
        ),
        EmpathyItem("restates", _("复述"), _("复述客户的问题，例如“您说的杯子破损”"), norm_words.restates(text, asked)),
        EmpathyItem("commits", _("承诺时间"), _("说清何时有结果，例如“今天 18:00 前回复您”"), norm_words.commits(text)),
    ]
