"""Reading the inputs of a case: every fault is found at once and named by its input."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tickets.compensation.marks import gettext_noop

LARGEST = Decimal(100_000_000)
_LARGEST_QUANTITY = 100_000
_MOST_ITEMS = 200
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")


class Kind(StrEnum):
    """What an input holds. Money in yuan; a share is 0 to 1, "10%" is read too; a factor is 0 to 1000."""

    MONEY = "money"
    SHARE = "share"
    FACTOR = "factor"
    QUANTITY = "quantity"
    FLAG = "flag"
    CHOICE = "choice"
    ITEMS = "items"
    INDICES = "indices"


class Required:
    """Stands for "no default"."""


REQUIRED = Required()


@dataclass(frozen=True)
class Input:
    """One input of a case. `default` None means: may be left out and then counts as not known."""

    name: str
    kind: Kind
    label: str
    default: Any = REQUIRED
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True)
class Fault:
    """What is wrong with one input: a sentence with places."""

    text: str
    values: dict[str, str] = field(default_factory=dict)


class InputFaults(Exception):
    """The inputs do not fit the case. `faults` by name of the input."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        self.faults = dict(faults)
        super().__init__(", ".join(sorted(self.faults)))


class _Bad(Exception):
    def __init__(self, text: str, **values: str) -> None:
        self.fault = Fault(text, values)
        super().__init__(text)


def read_inputs(inputs: tuple[Input, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by name, defaults filled in. Raises InputFaults with everything that is wrong."""
    known = {item.name: item for item in inputs}
    faults = {str(name): Fault(gettext_noop("这种情形没有这一项。")) for name in given if name not in known}
    values: dict[str, Any] = {}
    for item in inputs:
        raw = given.get(item.name)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            if item.is_required:
                faults[item.name] = Fault(gettext_noop("请填写此项。"))
            values[item.name] = None if item.is_required else item.default
            continue
        try:
            values[item.name] = _read(item, raw)
        except _Bad as bad:
            faults[item.name] = bad.fault
    if faults:
        raise InputFaults(faults)
    return values


def _read(item: Input, raw: Any) -> Any:
    match item.kind:
        case Kind.MONEY:
            return read_money(raw)
        case Kind.SHARE:
            return _share(raw)
        case Kind.FACTOR:
            return _number(raw, places=4, largest=Decimal(1000))
        case Kind.QUANTITY:
            return _quantity(raw)
        case Kind.FLAG:
            return _flag(raw)
        case Kind.CHOICE:
            return _choice(item, raw)
        case Kind.ITEMS:
            return _items(raw)
        case Kind.INDICES:
            return _indices(raw)


def _number(raw: Any, *, places: int, largest: Decimal) -> Decimal:
    """A plain decimal number from text or a JSON number; floats are taken as they are written."""
    text = "" if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal) else str(raw).strip()
    if not _NUMBER.fullmatch(text):
        raise _Bad(gettext_noop("请填写数字，例如 12.50。"))
    value = Decimal(text)
    if value < 0:
        raise _Bad(gettext_noop("不能为负数。"))
    if value > largest:
        raise _Bad(gettext_noop("不能大于 %(largest)s。"), largest=str(largest))
    if -int(value.normalize().as_tuple().exponent) > places:
        raise _Bad(gettext_noop("最多 %(places)s 位小数。"), places=str(places))
    return value


def read_money(raw: Any) -> Decimal:
    """A sum in yuan with at most two decimals."""
    return _number(raw, places=2, largest=LARGEST)


def money_of(raw: Any) -> Decimal | None:
    """The sum, or None when it is none."""
    try:
        return read_money(raw)
    except _Bad:
        return None


def _share(raw: Any) -> Decimal:
    percent = isinstance(raw, str) and raw.strip().endswith("%")
    value = _number(raw.strip()[:-1] if percent else raw, places=4, largest=LARGEST)
    share = value / 100 if percent else value
    if share > 1:
        raise _Bad(gettext_noop("须在 0 到 1 之间，例如 0.1 或 10%%。"))
    return share


def _quantity(raw: Any) -> int:
    value = _number(raw, places=0, largest=Decimal(_LARGEST_QUANTITY))
    if value < 1:
        raise _Bad(gettext_noop("数量至少为 1。"))
    return int(value)


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}
    value = words.get(raw.strip().lower()) if isinstance(raw, str) else None
    if value is None:
        raise _Bad(gettext_noop("请填写 true 或 false。"))
    return value


def _choice(item: Input, raw: Any) -> str:
    keys = [key for key, _label in item.choices]
    if raw not in keys:
        raise _Bad(gettext_noop("只能是 %(keys)s。"), keys=", ".join(keys))
    return str(raw)


def _items(raw: Any) -> tuple[tuple[Decimal, int], ...]:
    """Lines of an order as (list price of one, quantity)."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= _MOST_ITEMS:
        raise _Bad(gettext_noop("请列出 1 到 %(most)s 件商品，每件写明 price 和 quantity。"), most=str(_MOST_ITEMS))
    found = []
    for number, line in enumerate(raw, start=1):
        if not isinstance(line, Mapping) or not set(line) <= {"price", "quantity"} or "price" not in line:
            raise _Bad(gettext_noop("第 %(number)s 件商品须写明 price 和 quantity。"), number=str(number))
        try:
            found.append((read_money(line["price"]), _quantity(line.get("quantity", 1))))
        except _Bad as bad:
            raise _Bad(gettext_noop("第 %(number)s 件商品的价格或数量无效。"), number=str(number)) from bad
    return tuple(found)


def _indices(raw: Any) -> frozenset[int]:
    whole = isinstance(raw, list) and raw and all(isinstance(one, int) and not isinstance(one, bool) for one in raw)
    if not whole or len(set(raw)) != len(raw) or min(raw) < 0:
        raise _Bad(gettext_noop("请列出退回商品的序号，从 0 开始，不能重复。"))
    return frozenset(raw)
