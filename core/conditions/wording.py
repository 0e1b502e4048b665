"""Rules in words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.conditions.nodes import Always, Comparison, Group, Negation, Node
from core.conditions.patterns import UserPattern
from core.wording import explained

_FORMS = {
    "eq": gettext_lazy("{field} 是 {value}"),
    "ne": gettext_lazy("{field} 不是 {value}"),
    "in": gettext_lazy("{field} 是 {value} 之一"),
    "not_in": gettext_lazy("{field} 不是 {value} 之一"),
    "lt": gettext_lazy("{field} 小于 {value}"),
    "lte": gettext_lazy("{field} 不大于 {value}"),
    "gt": gettext_lazy("{field} 大于 {value}"),
    "gte": gettext_lazy("{field} 不小于 {value}"),
    "contains": gettext_lazy("{field} 包含 {value}"),
    "not_contains": gettext_lazy("{field} 不包含 {value}"),
    "matches": gettext_lazy("{field} 符合表达式 {value}"),
    "is_set": gettext_lazy("{field} 有值"),
    "is_empty": gettext_lazy("{field} 为空"),
    "within_days": gettext_lazy("{field} 在最近 {value} 天内"),
}
_MOMENT_FORMS = {
    "lt": gettext_lazy("{field} 早于 {value}"),
    "lte": gettext_lazy("{field} 不晚于 {value}"),
    "gt": gettext_lazy("{field} 晚于 {value}"),
    "gte": gettext_lazy("{field} 不早于 {value}"),
}
_SET_FORMS = {
    "in": gettext_lazy("{field} 包含 {value} 之一"),
    "not_in": gettext_lazy("{field} 不包含 {value} 中的任何一个"),
}
_COMING = gettext_lazy("{field} 在未来 {value} 天内")


def words(node: Node, *, inner: bool = False) -> str:
    """The rule as a sentence without a full stop."""
    match node:
        case Always():
            return _("不限")
        case Negation(part=part):
            return _("不满足（{rule}）").format(rule=words(part))
        case Group(parts=()):
            return _("不限")
        case Group(word=word, parts=parts):
            joiner = _("，并且 ") if word == "all" else _("，或者 ")
            joined = joiner.join(words(part, inner=len(parts) > 1) for part in parts)
            return _("（{rule}）").format(rule=joined) if inner and len(parts) > 1 else joined
    return _comparison(node)


def op_label(kind: str, op: str) -> str:
    """The words between a field and its value: "小于", "是 … 之一"."""
    return " ".join(str(_form(kind, op)).format(field="", value="…").split()).removesuffix("…").strip()


def _form(kind: str, op: str) -> Any:
    special = {"moment": _MOMENT_FORMS, "set": _SET_FORMS}.get(kind, {})
    return special.get(op, _FORMS[op])


def _comparison(node: Comparison) -> str:
    form = _form(node.field.kind, node.op)
    value = node.value
    if node.field.kind == "boolean" and node.op == "eq":
        return explained(str(node.field.label), _value(node, value))
    if node.op == "within_days" and value < 0:
        form, value = _COMING, -value
    return str(form).format(field=node.field.label, value=_value(node, value))


def _value(node: Comparison, value: Any) -> str:
    match value:
        case tuple():
            return _("、").join(_value(node, one) for one in value)
        case bool():
            return _("是") if value else _("否")
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return date_format(timezone.localtime(value), "Y-m-d H:i")
        case UserPattern():
            return value.text
    labels = node.field.choice_labels()
    if labels is not None:
        return labels.get(value, value)
    return _("“{text}”").format(text=value) if value is not None else ""
