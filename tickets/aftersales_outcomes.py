"""What each outcome asks for and what it does to money and goods (capability D05): no rows, no Django."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tickets.compensation.marks import gettext_noop
from tickets.compensation.reading import Fault, InputFaults, money_of

TEXT, MONEY = "text", "money"
TEXT_LENGTH = 300


@dataclass(frozen=True)
class Field:
    """One thing an outcome needs. `phase`: when it is asked for, "apply" or "complete"."""

    name: str
    label: str
    kind: str = TEXT
    is_required: bool = True
    phase: str = "apply"


@dataclass(frozen=True)
class Effect:
    """What an outcome does: `amount` in yuan leaves (money) or is what the goods are worth (goods)."""

    what: str
    label: str
    amount: Decimal | None = None


_TRACKING = Field("tracking", gettext_noop("寄出运单号"), phase="complete")
FIELDS: dict[str, tuple[Field, ...]] = {
    "return_refund": (),
    "refund_only": (),
    "exchange": (Field("replacement_sku", gettext_noop("换出商品编码")), _TRACKING),
    "repair": (
        Field("fault", gettext_noop("故障描述")),
        Field("serial", gettext_noop("序列号"), is_required=False),
        Field("repaired", gettext_noop("维修结果"), phase="complete"),
        _TRACKING,
    ),
    "price_difference": (
        Field("paid_unit", gettext_noop("购买单价"), MONEY),
        Field("now_unit", gettext_noop("现在单价"), MONEY),
    ),
    "compensation": (),
}


def read_details(kind: str, given: Mapping[str, Any], *, phase: str) -> dict[str, Any]:
    """The outcome's fields of that phase, checked. Raises InputFaults named by field."""
    fields = [field for field in FIELDS[kind] if field.phase == phase]
    known = {field.name for field in fields}
    faults = {str(name): Fault(gettext_noop("这个方案没有这一项。")) for name in given if name not in known}
    values: dict[str, Any] = {}
    for field in fields:
        raw = given.get(field.name)
        if raw in (None, ""):
            if field.is_required:
                faults[field.name] = Fault(gettext_noop("请填写%(label)s。"), {"label": field.label})
        elif field.kind == MONEY:
            found = money_of(raw)
            if found is None or found < 0:
                faults[field.name] = Fault(gettext_noop("金额须为非负数，最多两位小数。"))
            else:
                values[field.name] = f"{found:.2f}"
        elif not isinstance(raw, str) or len(raw.strip()) > TEXT_LENGTH or not raw.strip().isprintable():
            faults[field.name] = Fault(gettext_noop("须为不超过 300 个字符的一行文字。"))
        else:
            values[field.name] = raw.strip()
    if faults:
        raise InputFaults(faults)
    return values


def effects(kind: str, *, amount: Decimal | None, goods_value: Decimal, inspection: str) -> tuple[Effect, ...]:
    """The accounting of an outcome: money out, goods in (restocked, written off, sent back), goods out."""
    found: list[Effect] = []
    if amount and kind in ("return_refund", "refund_only"):
        found.append(Effect("refund", gettext_noop("冲减订单收入"), amount))
    elif amount and kind in ("price_difference", "compensation"):
        found.append(Effect("compensation", gettext_noop("计入补偿费用"), amount))
    if kind in ("return_refund", "exchange"):
        goods = {
            "intact": Effect("restock", gettext_noop("商品退回入库"), goods_value),
            "not_intact": Effect("write_off", gettext_noop("商品转残次处理"), goods_value),
            "wrong_goods": Effect("hold", gettext_noop("错件暂存，联系客户"), None),
        }.get(inspection)
        found += [goods] if goods else []
    if kind == "exchange":
        found.append(Effect("goods_out", gettext_noop("换出商品，记换货成本"), goods_value))
    if kind == "repair":
        found.append(Effect("repair", gettext_noop("商品不变，记维修成本"), None))
    return tuple(found)
