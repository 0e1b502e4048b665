"""What the conditions of levels may ask: everything rules ask, and how far the matter has gone."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from core.conditions import Field, FieldSet
from core.language.lexicons import LEGAL_TERMS, SAFETY_TERMS
from core.language.terms import TermFinder
from tickets.choices import COMPENSATION_STANDING, MessageKind
from tickets.models import Ticket
from tickets.services.facts import TICKET_FIELDS, TicketFacts

_SAFETY, _LEGAL = TermFinder(SAFETY_TERMS), TermFinder(LEGAL_TERMS)
#: Complaints are judged by what customers wrote; longer than this nobody reads.
TEXT_LIMIT = 8000

_MORE = FieldSet(
    [
        Field("safety", "boolean", _("涉及人身安全"), None),
        Field("legal", "boolean", _("提及媒体、12315 或律师"), None),
        Field("amount", "number", _("补偿金额"), None),
        Field("breached", "boolean", _("时效已超时"), None),
        Field("reopened", "number", _("重开次数"), "reopen_count"),
        Field("escalated", "number", _("升级级别"), "escalation_level"),
    ]
)
LEVEL_FIELDS = FieldSet([*TICKET_FIELDS.values(), *_MORE.values()])


def words_in(text: str, kind: str) -> list[str]:
    """The words of danger (`safety`) or of law and press (`legal`) in a text, each once."""
    finder = _SAFETY if kind == "safety" else _LEGAL
    return list(dict.fromkeys(finder.find(text[:TEXT_LIMIT])))


def said_by_customer(ticket: Ticket) -> str:
    """What the customer wrote, the newest last."""
    rows = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("created_at", "pk")
    return "\n".join([ticket.subject, *(message.body for message in rows)])


class LevelFacts(Mapping[str, Any]):
    """Answers about a complaint, fetched when a level asks."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._of_ticket = TicketFacts(ticket)
        self._text: str | None = None

    def __getitem__(self, name: str) -> Any:
        ticket = self._ticket
        match name:
            case "safety" | "legal":
                if self._text is None:
                    self._text = said_by_customer(ticket)
                return bool(words_in(self._text, name))
            case "amount":
                standing = ticket.compensations.filter(status__in=COMPENSATION_STANDING)
                return standing.aggregate(most=Max("amount"))["most"] or Decimal(0)
            case "breached":
                return ticket.clocks.filter(breached_at__isnull=False).exists()
            case "reopened":
                return ticket.reopen_count
            case "escalated":
                return ticket.escalation_level
        return self._of_ticket[name]

    def __iter__(self) -> Iterator[str]:
        return iter(LEVEL_FIELDS)

    def __len__(self) -> int:
        return len(LEVEL_FIELDS)
