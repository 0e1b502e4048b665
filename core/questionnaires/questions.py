"""The form of questions and answers; no rows.

A question is {"key", "kind", "label"} and by kind:
* score: "minimum", "maximum" (whole numbers), optional "low" and "high" words for the ends;
* choice: "choices" [{"key", "label"}], "multiple" (default false), "open" (default false: own words are refused);
* text: "max_length" (default 500).
"required" (default false) works for all. The first score question gives the response its score.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core.text import has_forbidden_characters
from core.wording import listed

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KINDS = ("score", "choice", "text")
_COMMON = {"key", "kind", "label", "required"}
_BY_KIND = {
    "score": {"minimum", "maximum", "low", "high"},
    "choice": {"choices", "multiple", "open"},
    "text": {"max_length"},
}
LONGEST_TEXT = 2000
MOST_QUESTIONS = 30
MOST_CHOSEN = 20


class QuestionError(ValueError):
    """The form of a question is wrong; the sentence says where."""


@dataclass(frozen=True)
class Question:
    key: str
    kind: str
    label: str
    required: bool = False
    minimum: int = 1
    maximum: int = 5
    low: str = ""
    high: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    multiple: bool = False
    is_open: bool = False
    max_length: int = 500

    @property
    def scale(self) -> range:
        return range(self.minimum, self.maximum + 1)


@dataclass
class Answers:
    """Checked answers: what can be counted, what was written, the score, and what was wrong by question."""

    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    score: int | None = None
    faults: dict[str, list[str]] = field(default_factory=dict)


def parse_questions(raw: Any) -> tuple[Question, ...]:
    """Questions from their stored form; QuestionError for anything not described above."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_QUESTIONS:
        raise QuestionError(_("问卷须有 1 到 %(most)d 个问题。") % {"most": MOST_QUESTIONS})
    questions = tuple(_question(number, item) for number, item in enumerate(raw, start=1))
    if len({question.key for question in questions}) != len(questions):
        raise QuestionError(_("问题代号重复。"))
    return questions


def _question(number: int, item: Any) -> Question:
    if not isinstance(item, Mapping) or item.get("kind") not in _KINDS:
        raise QuestionError(_("第 %(n)d 题：类型须为 score、choice 或 text。") % {"n": number})
    kind = item["kind"]
    unknown = set(item) - _COMMON - _BY_KIND[kind]
    if unknown:
        raise QuestionError(_("第 %(n)d 题：未知的设置 %(names)s。") % {"n": number, "names": listed(sorted(unknown))})
    if not isinstance(item.get("key"), str) or not _KEY.fullmatch(item["key"]):
        raise QuestionError(_("第 %(n)d 题：代号须为小写字母、数字和下划线。") % {"n": number})
    if not isinstance(item.get("label"), str) or not 1 <= len(item["label"]) <= 200:
        raise QuestionError(_("第 %(n)d 题：缺少问题文字。") % {"n": number})
    return Question(
        key=item["key"],
        kind=kind,
        label=item["label"],
        required=item.get("required") is True,
        **_details(number, kind, item),
    )


def _details(number: int, kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "score":
        low, high = item.get("minimum", 1), item.get("maximum", 5)
        if not (_is_whole(low) and _is_whole(high) and 0 <= low < high <= 100):
            raise QuestionError(_("第 %(n)d 题：分数范围不正确。") % {"n": number})
        return {"minimum": low, "maximum": high, "low": str(item.get("low", "")), "high": str(item.get("high", ""))}
    if kind == "choice":
        return {
            "choices": _choices(number, item.get("choices")),
            "multiple": item.get("multiple") is True,
            "is_open": item.get("open") is True,
        }
    longest = item.get("max_length", 500)
    if not (_is_whole(longest) and 1 <= longest <= LONGEST_TEXT):
        raise QuestionError(_("第 %(n)d 题：文字长度须在 1 到 %(most)d 之间。") % {"n": number, "most": LONGEST_TEXT})
    return {"max_length": longest}


def _choices(number: int, raw: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(raw, list) or not raw:
        raise QuestionError(_("第 %(n)d 题：请列出选项。") % {"n": number})
    pairs = []
    for choice in raw:
        if not isinstance(choice, Mapping) or not all(
            isinstance(choice.get(name), str) and choice[name] for name in ("key", "label")
        ):
            raise QuestionError(_("第 %(n)d 题：选项须有代号和文字。") % {"n": number})
        pairs.append((choice["key"], choice["label"]))
    if len(dict(pairs)) != len(pairs):
        raise QuestionError(_("第 %(n)d 题：选项代号重复。") % {"n": number})
    return tuple(pairs)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def check_answers(questions: Sequence[Question], raw: Mapping[str, Any]) -> Answers:
    """Answers checked against their questions; what is wrong stands in `faults`, in sentences."""
    answers = Answers()
    known = {question.key for question in questions}
    for name in raw:
        if name not in known:
            answers.faults[str(name)] = [_("没有这个问题。")]
    for question in questions:
        value = raw.get(question.key)
        if value in (None, "", []):
            if question.required:
                answers.faults[question.key] = [_("请回答这个问题。")]
            continue
        _CHECKS[question.kind](question, value, answers)
    return answers


def _check_score(question: Question, value: Any, answers: Answers) -> None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:
        value = int(value)  # forms send digits
    if not _is_whole(value) or value not in question.scale:
        scale = {"low": question.minimum, "high": question.maximum}
        answers.faults[question.key] = [_("请选择 %(low)d 到 %(high)d 之间的整数。") % scale]
        return
    answers.values[question.key] = value
    if answers.score is None:
        answers.score = value


def _check_choice(question: Question, value: Any, answers: Answers) -> None:
    chosen = value if isinstance(value, list) else [value]
    if len(chosen) > MOST_CHOSEN or not all(isinstance(item, str) for item in chosen):
        answers.faults[question.key] = [_("请从列出的选项中选择。")]
        return
    # A label is as good as its key: people who post JSON see only the words.
    by_word = {word: key for key, label in question.choices for word in (key, label)}
    picked = [key for key, _label in question.choices if key in {by_word.get(item.strip()) for item in chosen}]
    others = [item.strip() for item in chosen if item.strip() and item.strip() not in by_word]
    if others and not question.is_open:
        answers.faults[question.key] = [_("请从列出的选项中选择。")]
    elif len(picked) + len(others) > 1 and not question.multiple:
        answers.faults[question.key] = [_("只能选择一项。")]
    else:
        if picked:
            answers.values[question.key] = picked if question.multiple else picked[0]
        if others:
            _keep_text(question, "；".join(others), answers, key=f"{question.key}_other")


def _check_text(question: Question, value: Any, answers: Answers) -> None:
    if isinstance(value, str):
        _keep_text(question, value.replace("\r\n", "\n").strip(), answers, key=question.key)
    else:
        answers.faults[question.key] = [_("请填写文字。")]


def _keep_text(question: Question, text: str, answers: Answers, *, key: str) -> None:
    if has_forbidden_characters(text, multiline=True):
        answers.faults[question.key] = [_("含有不允许的字符。")]
    elif len(text) > question.max_length:
        answers.faults[question.key] = [_("最多 %(most)d 个字。") % {"most": question.max_length}]
    elif text:
        answers.texts[key] = text


_CHECKS = {"score": _check_score, "choice": _check_choice, "text": _check_text}
