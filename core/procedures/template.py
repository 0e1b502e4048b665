"""The steps of a procedure: their form, and what is wrong with one; no rows, no requests.

A step: {"key", "title", "department", "due": {"seconds", "clock"}, "instructions", "checklist": [{"key", "text",
"required"}], "proof": [{"key", "label", "kind", "required", "choices": [[key, label]]}], "tasks": [{"key", "title",
"department", "due", "proof", "when"}], "when": condition to enter, "leave": condition to go on, "auto": goes on by
itself when it may, "public": what the customer sees of it}.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core.conditions import ConditionError, FieldSet, parse
from core.procedures.choices import DueClock, ProofKind
from core.text import unstorable

MOST_STEPS, MOST_ITEMS, MOST_TASKS = 30, 20, 10
LONGEST_DUE = 366 * 24 * 3600
_KEY = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_STEP_FIELDS = frozenset(
    "key title department due instructions checklist proof tasks when leave auto public".split()  # noqa: SIM905
)
_TASK_FIELDS = frozenset("key title department due proof when".split())  # noqa: SIM905


@dataclass(frozen=True)
class Due:
    """A time limit in seconds of the natural or the working clock."""

    seconds: int
    clock: str = DueClock.NATURAL


@dataclass(frozen=True)
class Item:
    """A line of the checklist."""

    key: str
    text: str
    required: bool = True


@dataclass(frozen=True)
class Proof:
    """What must be handed in with the work."""

    key: str
    label: str
    kind: str = ProofKind.TEXT
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TaskSpec:
    """A task that a step gives to another department besides its own."""

    key: str
    title: str
    department: str
    due: Due
    proof: tuple[Proof, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One step as its version describes it."""

    key: str
    title: str
    department: str
    due: Due
    instructions: str = ""
    checklist: tuple[Item, ...] = ()
    proof: tuple[Proof, ...] = ()
    tasks: tuple[TaskSpec, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)
    leave: Mapping[str, Any] = field(default_factory=dict)
    auto: bool = False
    public: str = ""


def read_steps(raw: list[dict[str, Any]]) -> tuple[Step, ...]:
    """The steps of a version that was checked with `problems`."""
    return tuple(_step(one) for one in raw)


def _step(raw: Mapping[str, Any]) -> Step:
    return Step(
        key=raw["key"],
        title=raw["title"],
        department=raw["department"],
        due=read_due(raw["due"]),
        instructions=raw.get("instructions", ""),
        checklist=tuple(
            Item(item["key"], item["text"], item.get("required", True)) for item in _many(raw, "checklist")
        ),
        proof=_proofs(raw),
        tasks=tuple(_task(one) for one in _many(raw, "tasks")),
        when=raw.get("when") or {},
        leave=raw.get("leave") or {},
        auto=raw.get("auto", False),
        public=raw.get("public", ""),
    )


def _task(raw: Mapping[str, Any]) -> TaskSpec:
    return TaskSpec(
        raw["key"], raw["title"], raw["department"], read_due(raw["due"]), _proofs(raw), raw.get("when") or {}
    )


def _many(raw: Mapping[str, Any], name: str) -> list[Any]:
    return raw.get(name) or []


def read_due(raw: Mapping[str, Any]) -> Due:
    """A checked time limit."""
    return Due(raw["seconds"], raw.get("clock", DueClock.NATURAL))


def _proofs(raw: Mapping[str, Any]) -> tuple[Proof, ...]:
    return tuple(
        Proof(
            one["key"],
            one["label"],
            one.get("kind", ProofKind.TEXT),
            one.get("required", True),
            tuple((key, label) for key, label in one.get("choices") or ()),
        )
        for one in _many(raw, "proof")
    )


def duration(due: Due) -> str:
    """`2 小时`, `3 天`, `90 分钟`, and which clock when it is not the natural one."""
    seconds = due.seconds
    if seconds % 86400 == 0:
        words = _("%(n)d 天") % {"n": seconds // 86400}
    elif seconds % 3600 == 0:
        words = _("%(n)d 小时") % {"n": seconds // 3600}
    else:
        words = _("%(n)d 分钟") % {"n": -(-seconds // 60)}
    return words if due.clock == DueClock.NATURAL else f"{words}（{DueClock.WORKING.label}）"


def problems(raw: Any, *, departments: Collection[str], fields: FieldSet) -> list[str]:
    """Everything wrong with the steps, in sentences that name the place."""
    if not isinstance(raw, list) or not raw:
        return [_("请至少填写一个步骤。")]
    if len(raw) > MOST_STEPS:
        return [_("步骤不能超过 %(most)d 个。") % {"most": MOST_STEPS}]
    checker = _Checker(departments, fields)
    seen: set[str] = set()
    for number, step in enumerate(raw, start=1):
        place = place_of(number)
        checker.step(step, place)
        key = step.get("key") if isinstance(step, Mapping) else None
        if isinstance(key, str) and key in seen:
            checker.say(place, _("编号“%(key)s”重复。") % {"key": key})
        seen.add(key if isinstance(key, str) else "")
    return checker.found


def place_of(number: int) -> str:
    """How a fault names the step it is in."""
    return _("第 %(n)d 步") % {"n": number}


class _Checker:
    def __init__(self, departments: Collection[str], fields: FieldSet) -> None:
        self._departments = departments
        self._fields = fields
        self.found: list[str] = []

    def say(self, place: str, sentence: str) -> None:
        self.found.append(_("%(place)s：%(sentence)s") % {"place": place, "sentence": sentence})

    def step(self, raw: Any, place: str) -> None:
        if not self._work(raw, place, _STEP_FIELDS):
            return
        for name in ("instructions", "public"):
            self._text(raw, name, place, most=500, required=False)
        if not isinstance(raw.get("auto", False), bool):
            self.say(place, _("auto 须为 true 或 false。"))
        self._condition(raw, "leave", place)
        for item, spot in self._list(raw, "checklist", place, MOST_ITEMS):
            self._named(item, "text", spot, {"key", "text", "required"})
        for task, spot in self._list(raw, "tasks", place, MOST_TASKS):
            self._work(task, spot, _TASK_FIELDS)

    def _work(self, raw: Any, place: str, known: Collection[str]) -> bool:
        """What steps and tasks have in common; False when there is nothing to look at."""
        if not self._named(raw, "title", place, known):
            return False
        if not isinstance(raw.get("department"), str) or raw["department"] not in self._departments:
            self.say(place, _("没有部门“%(key)s”。") % {"key": str(raw.get("department"))[:40]})
        self._due(raw.get("due"), place)
        self._condition(raw, "when", place)
        for proof, spot in self._list(raw, "proof", place, MOST_ITEMS):
            if self._named(proof, "label", spot, {"key", "label", "kind", "required", "choices"}):
                self._kind(proof, spot)
        return True

    def _named(self, raw: Any, text: str, place: str, known: Collection[str]) -> bool:
        if not isinstance(raw, Mapping):
            self.say(place, _("须为对象。"))
            return False
        unknown = sorted(str(name)[:40] for name in raw if name not in known)
        if unknown:
            self.say(place, _("未知字段：%(names)s。") % {"names": ", ".join(unknown)})
        key = raw.get("key")
        if not isinstance(key, str) or not _KEY.match(key):
            self.say(place, _("key 须以小写字母开头，只含小写字母、数字和下划线，最多 40 个字符。"))
        self._text(raw, text, place, most=200, required=True)
        if not isinstance(raw.get("required", True), bool):
            self.say(place, _("required 须为 true 或 false。"))
        return True

    def _text(self, raw: Mapping[str, Any], name: str, place: str, *, most: int, required: bool) -> None:
        value = raw.get(name, "")
        if not isinstance(value, str) or len(value) > most or unstorable(value) or (required and not value.strip()):
            self.say(place, _("%(name)s 须为 1 到 %(most)d 个字的文字。") % {"name": name, "most": most})

    def _due(self, raw: Any, place: str) -> None:
        seconds = raw.get("seconds") if isinstance(raw, Mapping) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 60 <= seconds <= LONGEST_DUE:
            self.say(place, _("时限须在 1 分钟到 366 天之间。"))
        if not isinstance(raw, Mapping):
            return
        if unknown := sorted(f"due.{str(name)[:40]}" for name in raw.keys() - {"seconds", "clock"}):
            self.say(place, _("未知字段：%(names)s。") % {"names": ", ".join(unknown)})
        if raw.get("clock", DueClock.NATURAL) not in DueClock.values:
            self.say(place, _("due.clock 须为 natural 或 working。"))

    def _condition(self, raw: Mapping[str, Any], name: str, place: str) -> None:
        try:
            parse(raw.get(name) or {}, self._fields)
        except ConditionError as error:
            self.say(place, f"{name}：{error.sentences[0]}")

    def _list(self, raw: Mapping[str, Any], name: str, place: str, most: int) -> Iterator[tuple[Any, str]]:
        value = raw.get(name) or []
        if not isinstance(value, list) or len(value) > most:
            self.say(place, _("%(name)s 须为列表，最多 %(most)d 项。") % {"name": name, "most": most})
            return
        keys = [one.get("key") for one in value if isinstance(one, Mapping) and isinstance(one.get("key"), str)]
        if len(keys) != len(set(keys)):
            self.say(place, _("%(name)s 中的编号重复。") % {"name": name})
        for number, one in enumerate(value, start=1):
            yield one, f"{place} {name} {number}"

    def _kind(self, raw: Mapping[str, Any], place: str) -> None:
        kind, choices = raw.get("kind", ProofKind.TEXT), raw.get("choices") or []
        if kind not in ProofKind.values:
            self.say(place, _("kind 须为 %(kinds)s 之一。") % {"kinds": ", ".join(ProofKind.values)})
        if not isinstance(choices, list) or not all(_is_choice(one) for one in choices):
            self.say(place, _("choices 须为 [编号, 名称] 的列表。"))
        elif (kind in (ProofKind.CHOICE, ProofKind.CHOICES)) != bool(choices):
            self.say(place, _("单选和多选须给出 choices，其他不能。"))


def _is_choice(raw: Any) -> bool:
    if not isinstance(raw, list) or len(raw) != 2:
        return False
    key, label = raw
    return (
        isinstance(key, str)
        and bool(_KEY.match(key))
        and isinstance(label, str)
        and 0 < len(label) <= 100
        and not unstorable(label)
    )
