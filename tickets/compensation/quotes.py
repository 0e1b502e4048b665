"""The answer of the calculator."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
ZERO = Decimal("0.00")


def fen(value: Decimal) -> Decimal:
    """The sum rounded half-up to 0.01 yuan."""
    return value.quantize(FEN, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Term:
    """One step of the calculation: what it is and how much, in yuan."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class Note:
    """A sentence with places, and what stands in them."""

    text: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sums:
    """What a formula finds.

    refund: price, freight and proven loss given back; negative when the buyer owes the difference.
    additional: on top of that. floor: the least that law, promise or platform rule allows to grant here;
    where the law adds something on top, the price itself is not in it, for it may be refunded elsewhere.
    cap: the most that the rule obliges to; None = none. `needs_review`: a person must decide.
    """

    refund: Decimal = ZERO
    additional: Decimal = ZERO
    floor: Decimal | None = None
    cap: Decimal | None = None
    terms: tuple[Term, ...] = ()
    notes: tuple[Note, ...] = ()
    basis: tuple[str, ...] = ()
    needs_review: bool = False


@dataclass(frozen=True)
class Quote:
    """What is owed in a case. `total` is always `refund` + `additional`.

    is_punitive: holds a punitive head. needs_review: the case itself asks for a person's decision;
    requires_approval: that, or the sum is above the asking person's authority.
    """

    case: str
    title: str
    refund: Decimal
    additional: Decimal
    total: Decimal
    floor: Decimal | None
    cap: Decimal | None
    basis: tuple[str, ...]
    requires_approval: bool
    notes: tuple[Note, ...]
    terms: tuple[Term, ...]
    is_punitive: bool = False
    needs_review: bool = False
