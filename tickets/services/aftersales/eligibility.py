"""The returns table on rows: facts of an order, its judgement, and how it is kept and shown."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.calendars import legal_schedule
from customers.models import Order, OrderItem
from tickets.compensation import fen
from tickets.eligibility import REMEDIES, VERDICTS, Facts, InputFaults, Judgement, judge
from tickets.services.aftersales.flow import refused_input, said


def judged(facts: Facts) -> Judgement:
    """The judgement by the statutory calendar. Raises InvalidInput naming what is missing."""
    try:
        return judge(facts, legal_schedule())
    except InputFaults as error:
        raise refused_input(error.faults) from error


def kept(found: Judgement) -> dict[str, Any]:
    """As it is stored: words untranslated, sums and moments as text."""
    return {
        **{name: getattr(found, name) for name in ("verdict", "rule", "freight", "burden", "escalate")},
        "reason": asdict(found.reason),
        "basis": list(found.basis),
        "notes": [asdict(note) for note in found.notes],
        "deadline": found.deadline.isoformat() if found.deadline else None,
        "deduction": None if found.deduction is None else f"{found.deduction:.2f}",
        "remedies": [
            {"kind": item.kind, "offered": item.is_offered, "why": asdict(item.why) if item.why else None}
            for item in found.remedies
        ],
    }


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """A kept judgement in the reader's language, with offered and hidden remedies apart (C13)."""
    if not found:
        return {}
    remedies = [
        {
            "kind": item["kind"],
            "label": _(REMEDIES[item["kind"]]),
            "offered": item["offered"],
            "reason": said(**_note(item["why"])) if item["why"] else "",
        }
        for item in found["remedies"]
    ]
    return {
        **{name: found[name] for name in ("verdict", "rule", "freight", "burden", "escalate", "deadline", "deduction")},
        "label": _(VERDICTS[found["verdict"]]),
        "reason": said(**_note(found["reason"])),
        "basis": [_(article) for article in found["basis"]],
        "notes": [said(**_note(note)) for note in found["notes"]],
        "options": [item for item in remedies if item["offered"]],
        "hidden": [item for item in remedies if not item["offered"]],
    }


def _note(raw: dict[str, Any]) -> dict[str, Any]:
    return {"sentence": raw["text"], "values": raw["values"]}


def paid_share(order: Order, item: OrderItem | None, quantity: int) -> Decimal:
    """What was really paid for so many of the item: its price, less its share of the order's discount."""
    if item is None:
        return order.paid
    lines = sum((line.price * line.quantity for line in order.items.all()), Decimal(0))
    share = item.price * quantity
    if lines and order.paid < lines:
        share = share * order.paid / lines
    return min(fen(share), order.paid)
