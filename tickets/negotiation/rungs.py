"""The arithmetic of a negotiation ladder, pure.

A rung lies `share` (0–1) of the way from the statutory minimum to the calculated sum, and `extra` (0–1) of the
price paid above that. The first rung is the opening offer, the last the ceiling; rungs never go down. No rung lies
below the minimum; what is extra ends where the rule's own cap does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tickets.compensation import fen
from tickets.compensation.marks import gettext_noop

FEWEST, MOST, WORDS_LENGTH = 2, 10, 300
_ZERO, _ONE = Decimal(0), Decimal(1)
_KEYS = frozenset({"share", "extra", "words"})


@dataclass(frozen=True)
class Rung:
    """One step. `words`: how to say it; "" = nothing prepared."""

    share: Decimal
    extra: Decimal
    words: str = ""


class RungFault(ValueError):
    """What is wrong with a ladder: a sentence with places, and the number of the rung (0 = the whole)."""

    def __init__(self, text: str, number: int = 0) -> None:
        super().__init__(text)
        self.text, self.number = text, number


def read_rungs(raw: Any) -> tuple[Rung, ...]:
    """The rungs of a version's JSON. Raises RungFault."""
    if not isinstance(raw, list) or not FEWEST <= len(raw) <= MOST:
        raise RungFault(gettext_noop("阶梯须有 2 到 10 级，第一级为开价，最后一级为上限。"))
    found: list[Rung] = []
    for number, one in enumerate(raw, start=1):
        rung = _read(one, number)
        if found and (rung.share < found[-1].share or rung.extra < found[-1].extra):
            raise RungFault(gettext_noop("第 %(number)s 级不能低于前一级。"), number)
        found.append(rung)
    return tuple(found)


def _read(one: Any, number: int) -> Rung:
    if not isinstance(one, dict) or not set(one) <= _KEYS:
        raise RungFault(gettext_noop("第 %(number)s 级须是 share、extra 和 words。"), number)
    words = one.get("words", "")
    if not isinstance(words, str) or len(words) > WORDS_LENGTH:
        raise RungFault(gettext_noop("第 %(number)s 级的话术最多 300 字。"), number)
    return Rung(_share(one.get("share", 0), number), _share(one.get("extra", 0), number), words)


def _share(value: Any, number: int) -> Decimal:
    fault = RungFault(gettext_noop("第 %(number)s 级的比例须在 0 到 1 之间，最多四位小数。"), number)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise fault
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise fault from error
    if not found.is_finite() or not _ZERO <= found <= _ONE or found != found.quantize(Decimal("0.0001")):
        raise fault
    return found


def percent(share: Decimal | str | float) -> str:
    """`0.025` → `2.5`."""
    return f"{(Decimal(str(share)) * 100).normalize():f}"


def amounts(
    rungs: Sequence[Rung], *, floor: Decimal, total: Decimal, price: Decimal, cap: Decimal | None
) -> list[Decimal]:
    """The sum of every rung in yuan, rounded half-up to the fen; none is below `floor`."""
    room = max(_ZERO, total - floor)
    found = []
    for rung in rungs:
        plain = floor + rung.share * room
        value = plain + rung.extra * price
        if cap is not None:
            value = min(value, max(cap, plain))
        found.append(max(fen(value), floor))
    return found
