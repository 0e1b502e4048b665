"""What the steps of a procedure may ask about a ticket."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.conditions import Field, FieldSet
from core.procedures.models import ProcedureRun
from tickets.choices import TicketStatus
from tickets.models import Ticket
from tickets.services.facts import TICKET_FIELDS, TicketFacts

SOLUTIONS = (
    ("refund", _("退款")),
    ("return", _("退货")),
    ("exchange", _("换货")),
    ("reship", _("补发")),
    ("repair", _("维修")),
    ("compensation", _("补偿")),
    ("apology", _("道歉与说明")),
)

_OF_TICKET = FieldSet(
    [
        Field("status", "choice", _("状态"), "status", choices=TicketStatus.choices),
        Field("assigned", "boolean", _("已有负责人"), None),
        Field("first_responded", "boolean", _("已首次回复"), None),
        Field("solved", "boolean", _("已解决"), None),
        Field("told", "boolean", _("已向客户反馈"), None),
        Field("closed", "boolean", _("已关闭"), None),
        Field("compensated", "boolean", _("补偿已打款"), None),
    ]
)
#: What earlier steps handed in, by the key of the proof; and what the floors above told.
_OF_RUN = FieldSet(
    [
        Field("solution", "set", _("方案"), None, choices=SOLUTIONS),
        Field("amount", "number", _("承诺金额"), None),
        Field("liability", "text", _("责任方"), None),
        Field("agreed", "text", _("客户答复"), None),
        Field("visited", "boolean", _("已回访"), None),
    ]
)
PROCEDURE_FIELDS = FieldSet([*TICKET_FIELDS.values(), *_OF_TICKET.values(), *_OF_RUN.values()])


class ProcedureFacts(Mapping[str, Any]):
    """Answers about the ticket of a run, fetched when a step asks."""

    def __init__(self, run: ProcedureRun) -> None:
        self._run = run
        self._ticket: Ticket | None = None

    @property
    def ticket(self) -> Ticket:
        if self._ticket is None:
            rows = Ticket.objects.select_related("channel", "shop", "queue", "customer").defer("search")
            self._ticket = rows.get(pk=self._run.subject_id)
        return self._ticket

    def __getitem__(self, name: str) -> Any:
        if name in _OF_RUN:
            return self._of_run(name)
        if name in TICKET_FIELDS:
            return TicketFacts(self.ticket)[name]
        return self._of_ticket(name)

    def __iter__(self) -> Iterator[str]:
        return iter(PROCEDURE_FIELDS)

    def __len__(self) -> int:
        return len(PROCEDURE_FIELDS)

    def _of_run(self, name: str) -> Any:
        value = self._run.data.get(name)
        if name == "solution":
            return set(value or ())
        return bool(value) if name == "visited" else value

    def _of_ticket(self, name: str) -> Any:
        ticket = self.ticket
        match name:
            case "status":
                return ticket.status
            case "assigned":
                return ticket.assignee_id is not None
            case "first_responded":
                return ticket.first_responded_at is not None
            case "solved":
                return ticket.solved_at is not None
            case "told":
                return ticket.feedback_at is not None
            case "closed":
                return ticket.closed_at is not None
            case "compensated":
                return ticket.compensations.filter(status="paid").exists()
        raise KeyError(name)
