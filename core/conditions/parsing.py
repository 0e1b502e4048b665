"""From JSON to a checked rule, or to a list of sentences that say where it is wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.conditions.evaluation import Condition
from core.conditions.fieldset import OPS, Field, FieldSet
from core.conditions.nodes import Always, Comparison, Group, Negation, Node
from core.conditions.patterns import BadPattern, user_pattern
from core.errors import InvalidInput
from core.text import printable, unstorable
from core.wording import explained

MAX_DEPTH = 8
MAX_NODES = 100
_MAX_TEXT = 1000
_MAX_VALUES = 200
_MAX_NUMBER = Decimal(10) ** 15
_MAX_DAYS = Decimal(36500)
_LIST_OPS = {"in", "not_in"}
_PRESENCE_OPS = {"is_set", "is_empty"}


class ConditionError(InvalidInput):
    """A rule that cannot be used. `errors` are (path, sentence) pairs; the path of the whole is ""."""

    default_code = "invalid_condition"

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        self.errors = errors
        self.sentences = [explained(path, sentence) if path else sentence for path, sentence in errors]
        super().__init__(_("条件有误：{first}").format(first=self.sentences[0]), fields={"condition": self.sentences})


class _Fault(Exception):
    """One thing wrong at one place."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.sentence = sentence


def parse(raw: Any, fieldset: FieldSet) -> Condition:
    """Check a rule against the fields it may use. Raises ConditionError naming every fault."""
    parser = _Parser(fieldset)
    node = parser.node(raw, "", 1)
    if parser.errors or node is None:
        raise ConditionError(parser.errors)
    return Condition(node=node, raw=raw)


class _Parser:
    def __init__(self, fieldset: FieldSet) -> None:
        self._fieldset = fieldset
        self._count = 0
        self.errors: list[tuple[str, str]] = []

    def node(self, raw: Any, path: str, depth: int) -> Node | None:
        """The checked node, or None after noting what is wrong with it."""
        try:
            return self._node(raw, path, depth)
        except _Fault as fault:
            self.errors.append((fault.path, fault.sentence))
            return None

    def _node(self, raw: Any, path: str, depth: int) -> Node | None:
        self._count += 1
        if self._count > MAX_NODES:
            if self._count == MAX_NODES + 1:
                raise _Fault(path, _("条件不能超过 {most} 个。").format(most=MAX_NODES))
            return None
        if depth > MAX_DEPTH:
            raise _Fault(path, _("条件嵌套不能超过 {most} 层。").format(most=MAX_DEPTH))
        if not isinstance(raw, Mapping):
            raise _Fault(path, _("须为对象，例如 {example}。").format(example='{"field": …, "op": …, "value": …}'))
        if not raw:
            return Always()
        for word in ("all", "any", "not"):
            if word in raw:
                _refuse_other_keys(raw, {word}, path)
                return self._combined(word, raw[word], _join(path, word), depth)
        return self._comparison(raw, path)

    def _combined(self, word: str, inner: Any, path: str, depth: int) -> Node | None:
        if word == "not":
            part = self.node(inner, path, depth + 1)
            return None if part is None else Negation(part)
        if not isinstance(inner, list):
            raise _Fault(path, _("须为条件的列表。"))
        if not inner and word == "any":
            raise _Fault(path, _("至少填写一个条件。"))
        # Once there are too many there is no use in reading on.
        parts = [self.node(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(inner[: MAX_NODES + 1])]
        good = tuple(part for part in parts if part is not None)
        return Group("all" if word == "all" else "any", good) if len(good) == len(inner) else None

    def _comparison(self, raw: Mapping[str, Any], path: str) -> Comparison:
        _refuse_other_keys(raw, {"field", "op", "value"}, path)
        field = self._field(raw.get("field"), _join(path, "field"))
        op = raw.get("op")
        op_path = _join(path, "op")
        if not isinstance(op, str) or op not in OPS:
            raise _Fault(op_path, _("未知的运算 {op}，可用：{ops}").format(op=_shown(op), ops=" ".join(field.ops)))
        if op not in field.ops:
            ops = " ".join(field.ops)
            raise _Fault(op_path, _("“{field}”不能用 {op}，可用：{ops}").format(field=field.label, op=op, ops=ops))
        return Comparison(field, op, _value_of(field, op, raw, _join(path, "value")))

    def _field(self, name: Any, path: str) -> Field:
        if not isinstance(name, str) or name not in self._fieldset:
            names = " ".join(self._fieldset)
            raise _Fault(path, _("未知的字段 {name}，可用：{names}").format(name=_shown(name), names=names))
        return self._fieldset[name]


def _value_of(field: Field, op: str, raw: Mapping[str, Any], path: str) -> Any:
    if op in _PRESENCE_OPS:
        if raw.get("value") is not None:
            raise _Fault(path, _("{op} 不需要值。").format(op=op))
        return None
    if "value" not in raw:
        raise _Fault(path, _("缺少值。"))
    value = raw["value"]
    if op in _LIST_OPS:
        if not isinstance(value, list) or not 0 < len(value) <= _MAX_VALUES:
            raise _Fault(path, _("须为 1 到 {most} 个值的列表。").format(most=_MAX_VALUES))
        return tuple(_single(field, op, one, f"{path}[{index}]") for index, one in enumerate(value))
    if op == "within_days":
        return _number(value, path, limit=_MAX_DAYS)
    return _single(field, op, value, path)


def _single(field: Field, op: str, value: Any, path: str) -> Any:
    match field.kind:
        case "number":
            return _number(value, path, limit=_MAX_NUMBER)
        case "boolean":
            if not isinstance(value, bool):
                raise _Fault(path, _("须为 true 或 false。"))
            return value
        case "moment":
            return _moment(value, path)
    return _text(field, op, value, path)


def _text(field: Field, op: str, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise _Fault(path, _("须为文本。"))
    if len(value) > _MAX_TEXT or unstorable(value):
        raise _Fault(path, _("须为不超过 {most} 个字符的文本。").format(most=_MAX_TEXT))
    labels = field.choice_labels()
    if labels is not None and value not in labels:
        raise _Fault(
            path, _("没有 {value} 这个选项，可用：{values}").format(value=_shown(value), values=" ".join(labels))
        )
    if op in ("contains", "not_contains") and not value:
        raise _Fault(path, _("不能为空。"))
    if op == "matches":
        try:
            return user_pattern(value)
        except BadPattern as error:
            raise _Fault(path, str(error)) from None
    return value


def _number(value: Any, path: str, *, limit: Decimal) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault(path, _("须为数字。"))
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) > limit:
        raise _Fault(path, _("数字超出范围。"))
    return number


def _moment(value: Any, path: str) -> datetime:
    sentence = _("须为带时区的时间，例如 2026-11-01T09:00:00+08:00。")
    if not isinstance(value, str) or len(value) > 40:
        raise _Fault(path, sentence)
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
            raise _Fault(path, sentence)
        return moment.astimezone(UTC)
    except ValueError:
        raise _Fault(path, sentence) from None


def _refuse_other_keys(raw: Mapping[str, Any], known: set[str], path: str) -> None:
    for key in raw:
        if key not in known:
            raise _Fault(_join(path, printable(str(key))), _("未知的键。"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    return printable(str(value))[:50]
