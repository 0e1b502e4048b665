"""What a plan gives one order. Pure."""

from decimal import ROUND_HALF_UP, Decimal

from customers.recall_choices import PlanKind

CENT = Decimal("0.01")


def plan_amount(
    *, plan: str, paid: Decimal, amount: Decimal | None, share: Decimal | None, cap: Decimal | None
) -> Decimal:
    """The amount for an order of which `paid` was paid: never below zero, above the cap or above what was paid."""
    if plan == PlanKind.FIXED:
        given = amount or Decimal(0)
    elif plan == PlanKind.SHARE:
        given = paid * (share or Decimal(0))
    else:
        return Decimal(0)
    limits = [given, paid] if cap is None else [given, paid, cap]
    return max(Decimal(0), min(limits)).quantize(CENT, rounding=ROUND_HALF_UP)
