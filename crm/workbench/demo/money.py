"""Compensations of the story: within an agent's limit, above it and approved, refused, owed by law, paid."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from core import clock
from core.approvals.services import decide
from crm.workbench.demo.stage import Life
from tickets.choices import TicketType
from tickets.models import Ticket
from tickets.services import compensations


@dataclass(frozen=True)
class Payout:
    """One compensation of the story; `approve` None leaves a request open."""

    case: str
    inputs: dict[str, Any]
    amount: str
    note: str
    approve: bool | None = True
    answer: str = ""
    is_paid: bool = True


PAYOUTS = (
    Payout("C-22", {"P": "168.00", "severity": "0.1", "responsibility": "1"}, "16.80", "外箱压扁，商品可用"),
    Payout("C-12", {"paid_unit": "79.90", "now_unit": "69.90", "q": 2}, "20.00", "七天内降价，按承诺补差"),
    Payout("C-13", {"P": "39.90", "F": "6.00"}, "45.90", "物流确认丢件", is_paid=False),
    Payout(
        "C-22",
        {"P": "459.00", "severity": "0.3", "responsibility": "1", "out_of_pocket": "12.00"},
        "149.70",
        "取暖器两次送修，客户垫付运费",
        answer="同意，责任在我方",
    ),
    Payout("C-04", {"P": "89.00"}, "589.00", "页面写“纯棉”，检测为涤纶混纺", answer="属实，依法赔付"),
    Payout(
        "C-22",
        {"P": "59.00", "severity": "0.1", "responsibility": "0.5"},
        "88.00",
        "客户要求加倍",
        approve=False,
        answer="金额高于测算，请先协商",
    ),
    Payout(
        "C-17", {"P": "1280.00"}, "128.00", "尺寸标注前后不一致", approve=None
    ),
)  # fmt: skip
BETWEEN = timedelta(hours=19)


def payouts(staff: dict[str, Any]) -> Life:
    """Every compensation on a complaint of its own, the newest at that moment."""
    supervisor, used = staff["supervisor"], set[int]()
    for payout in PAYOUTS:
        ticket = _complaint(used)
        if ticket is not None:
            used.add(ticket.pk)
            yield from _grant(ticket, payout, supervisor)
        yield clock.now() + BETWEEN


def _complaint(used: set[int]) -> Ticket | None:
    rows = Ticket.objects.filter(type=TicketType.COMPLAINT, merged_into=None).exclude(assignee=None)
    found: Ticket | None = rows.exclude(pk__in=used).select_related("assignee").order_by("-id").first()
    return found


def _grant(ticket: Ticket, payout: Payout, supervisor: Any) -> Life:
    agent: Any = ticket.assignee
    made = compensations.grant(
        ticket=ticket,
        actor=agent,
        case=payout.case,
        inputs=payout.inputs,
        amount=Decimal(payout.amount),
        note=payout.note,
    )
    yield clock.now() + timedelta(minutes=40)
    if made.approval is not None and agent != supervisor:
        if payout.approve is None:
            return
        decide(request=made.approval, actor=supervisor, approve=payout.approve, note=payout.answer)
        yield clock.now() + timedelta(minutes=20)
        if not payout.approve:
            return
    if payout.is_paid:
        compensations.pay(compensation=made, actor=agent, reference=f"XE{ticket.number}")
