"""The steps of a diagnosis: reading them, and what is wrong with them. No rows, no Django but its words.

Steps are kept as JSON: `{"key": "1", "text": "能开机吗？", "choices": [{"answer": "能", "to": "2"}, …]}` asks,
`{"key": "9", "text": "主板故障", "outcome": "repair"}` ends. The first step is where a run begins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.text import has_forbidden_characters
from knowledge.choices import DiagnosisOutcome

MOST_STEPS, MOST_CHOICES = 60, 4
KEY_LENGTH, TEXT_LENGTH, ANSWER_LENGTH = 10, 300, 40


@dataclass(frozen=True)
class Choice:
    """An answer and the step it leads to."""

    answer: str
    to: str


@dataclass(frozen=True)
class Step:
    """A question with its answers, or, with an outcome, an end."""

    key: str
    text: str
    choices: tuple[Choice, ...] = ()
    outcome: str = ""

    @property
    def is_end(self) -> bool:
        return bool(self.outcome)

    @property
    def outcome_label(self) -> str:
        return str(DiagnosisOutcome(self.outcome).label) if self.outcome else ""

    def chosen(self, answer: str) -> Choice | None:
        return next((one for one in self.choices if one.answer == answer), None)


def parse(steps: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Stored steps, in their order."""
    return [
        Step(
            str(one["key"]),
            str(one["text"]),
            tuple(Choice(str(choice["answer"]), str(choice["to"])) for choice in one.get("choices", ())),
            str(one.get("outcome", "")),
        )
        for one in steps
    ]


def stored(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps as JSON; what says nothing is left out."""
    return [
        {"key": step.key, "text": step.text}
        | ({"outcome": step.outcome} if step.outcome else {})
        | ({"choices": [{"answer": one.answer, "to": one.to} for one in step.choices]} if step.choices else {})
        for step in steps
    ]


def problems(steps: Any) -> list[str]:
    """What keeps these steps from being kept at all, even as a draft: their form."""
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        return [_("步骤须为列表，最多 %(limit)s 步。") % {"limit": MOST_STEPS}]
    found = [sentence for number, step in enumerate(steps, start=1) for sentence in _form_of(number, step)]
    if found:
        return found
    keys = [str(step["key"]) for step in steps]
    return [_("步骤编号“%(key)s”重复。") % {"key": key} for key in dict.fromkeys(keys) if keys.count(key) > 1]


def _form_of(number: int, step: Any) -> list[str]:
    if not isinstance(step, dict) or set(step) - {"key", "text", "choices", "outcome"}:
        return [_("第 %(n)s 步格式不正确：只能有 key、text、choices、outcome。") % {"n": number}]
    choices = step.get("choices", [])
    well_formed = isinstance(choices, list) and all(
        isinstance(one, dict) and set(one) == {"answer", "to"} for one in choices
    )
    if not well_formed or len(choices) > MOST_CHOICES:
        return [_("第 %(n)s 步的回答须各有 answer 和 to，最多 %(limit)s 个。") % {"n": number, "limit": MOST_CHOICES}]
    lines = [("key", step.get("key"), KEY_LENGTH), ("text", step.get("text"), TEXT_LENGTH)]
    for one in choices:
        lines += [("answer", one["answer"], ANSWER_LENGTH), ("to", one["to"], KEY_LENGTH)]
    if any(not _is_line(text, most) for _name, text, most in lines):
        return [_("第 %(n)s 步须写明编号、内容、回答和转到的步骤，且不超过长度。") % {"n": number}]
    if step.get("outcome", "") not in ("", *DiagnosisOutcome.values):
        return [_("第 %(n)s 步的结论不在可选范围内。") % {"n": number}]
    return []


def _is_line(text: Any, most: int) -> bool:
    return (
        isinstance(text, str)
        and 0 < len(text) <= most
        and text == text.strip()
        and not has_forbidden_characters(text, multiline=False)
    )


def faults(steps: Sequence[Step]) -> list[str]:
    """What keeps the tree from use, each sentence naming its step: dead ends, circles, steps nobody comes to."""
    if not steps:
        return [_("请至少写一个步骤。")]
    by_key = {step.key: step for step in steps}
    found = [sentence for step in steps for sentence in _dead_ends(step, by_key)]
    reached, circle = _walk(steps[0].key, by_key)
    if circle:
        way = " → ".join(circle)
        found.append(_("步骤 %(key)s 会回到自己：%(way)s。") % {"key": circle[0], "way": way})
    found += [
        _("步骤 %(key)s 走不到：没有回答转到它。") % {"key": step.key} for step in steps if step.key not in reached
    ]
    return found


def _dead_ends(step: Step, by_key: Mapping[str, Step]) -> list[str]:
    if step.is_end:
        return [_("步骤 %(key)s 是结论，不能再有回答。") % {"key": step.key}] if step.choices else []
    if len(step.choices) < 2:
        return [_("步骤 %(key)s 走不下去：提问至少要有两个回答，否则请写结论。") % {"key": step.key}]
    answers = [one.answer for one in step.choices]
    found = [
        _("步骤 %(key)s 的回答“%(answer)s”转到不存在的步骤 %(to)s。")
        % {"key": step.key, "answer": one.answer, "to": one.to}
        for one in step.choices
        if one.to not in by_key
    ]
    if len(set(answers)) < len(answers):
        found.append(_("步骤 %(key)s 有两个相同的回答。") % {"key": step.key})
    return found


def _walk(start: str, by_key: Mapping[str, Step]) -> tuple[set[str], list[str]]:
    """Every step one comes to, and the first circle: the keys along it, its beginning again at the end.

    Depth first with an explicit stack: (key, next answer) pairs are the way from the start.
    """
    reached, done, circle = {start}, set[str](), list[str]()
    way: list[tuple[str, int]] = [(start, 0)]
    while way:
        key, at = way.pop()
        choices = by_key[key].choices
        if at == len(choices):
            done.add(key)
            continue
        way.append((key, at + 1))
        to = choices[at].to
        on_way = [one for one, _at in way]
        if to in on_way:
            circle = circle or [*on_way[on_way.index(to) :], to]
        elif to in by_key and to not in done:
            reached.add(to)
            way.append((to, 0))
    return reached, circle
