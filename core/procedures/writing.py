"""Steps as lines of text, checklists and proofs also back again, the way people write them; no rows, no requests.

A line of a checklist: `订单已核对`, or `（选填）已拍照`. A line of proofs: `责任方 (liability) | 单选 | 商家 (seller)、
物流 (carrier) | 选填`: name, kind, choices, whether it may be left out; only the name must be there. What stands in
brackets at the end is the key that conditions and reports know it by; without one it is numbered.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.conditions import ConditionError, FieldSet, parse
from core.procedures.choices import ProofKind
from core.procedures.template import duration, read_due

_KEYED = re.compile(r"^(?P<text>.*?)\s*[(（](?P<key>[a-z][a-z0-9_]{0,39})[)）]$", re.ASCII)
#: What is not asked of everybody, in the words of the form.
OPTIONAL = "选填"
_OPTIONAL = re.compile(r"^[(（]?选填[)）：:]\s*|^optional[:：]\s*", re.IGNORECASE)


class Unreadable(ValueError):
    """A line that says nothing we know; the message names it."""


def _lines(text: str) -> Iterable[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _keyed(text: str, usual: str) -> tuple[str, str]:
    """Words and key of a name."""
    found = _KEYED.match(text.strip())
    return (found["text"], found["key"]) if found else (text.strip(), usual)


def _named(text: str, key: str, usual: str) -> str:
    return text if key == usual else f"{text} ({key})"


def read_checklist(text: str) -> list[dict[str, Any]]:
    """The lines of a checklist."""
    found = []
    for number, line in enumerate(_lines(text), start=1):
        words, key = _keyed(_OPTIONAL.sub("", line), f"c{number}")
        found.append({"key": key, "text": words, "required": _OPTIONAL.match(line) is None})
    return found


def checklist_text(items: Iterable[Mapping[str, Any]]) -> str:
    """A checklist as it is written."""
    lines = []
    for number, item in enumerate(items, start=1):
        words = _named(item["text"], item["key"], f"c{number}")
        lines.append(words if item.get("required", True) else f"（{OPTIONAL}）{words}")
    return "\n".join(lines)


def read_proofs(text: str) -> list[dict[str, Any]]:
    """The lines of proofs. Raises Unreadable for a kind nobody knows."""
    kinds = {str(label): str(value) for value, label in ProofKind.choices} | {
        value: value for value in ProofKind.values
    }
    found = []
    for number, line in enumerate(_lines(text), start=1):
        name, *rest = [part.strip() for part in re.split(r"[|｜]", line)]
        label, key = _keyed(name, f"p{number}")
        required = OPTIONAL not in rest
        words = [part for part in rest if part and part != OPTIONAL]
        kind = kinds.get(words[0]) if words else ProofKind.TEXT.value
        if kind is None or len(words) > 2:
            known = "、".join(str(one) for one in ProofKind.labels)
            sentence = _("第 %(n)d 行读不懂。写法：名称 | 类型 | 选项。类型为 %(known)s 之一。")
            raise Unreadable(sentence % {"n": number, "known": known})
        if (kind in (ProofKind.CHOICE, ProofKind.CHOICES)) != (len(words) == 2):
            raise Unreadable(_("第 %(n)d 行：单选和多选须列出选项，其他类型没有选项。") % {"n": number})
        one = {"key": key, "label": label, "kind": kind, "required": required}
        if len(words) == 2:
            one["choices"] = _choices(words[1])
        found.append(one)
    return found


def _choices(text: str) -> list[list[str]]:
    marks = "[;；]" if re.search("[;；]", text) else "、"
    names = [part for part in re.split(marks, text) if part.strip()]
    pairs = [_keyed(part, f"o{number}") for number, part in enumerate(names, start=1)]
    return [[key, label] for label, key in pairs]


def proofs_text(proofs: Iterable[Mapping[str, Any]]) -> str:
    """Proofs as they are written."""
    lines = []
    for number, proof in enumerate(proofs, start=1):
        parts = [_named(proof["label"], proof["key"], f"p{number}")]
        kind, choices = proof.get("kind", ProofKind.TEXT), proof.get("choices") or []
        if kind != ProofKind.TEXT or choices:
            parts.append(str(ProofKind(kind).label))
        if choices:
            mark = "；" if len(choices) == 1 or any("、" in label for _key, label in choices) else "、"
            parts.append(mark.join(_named(label, key, f"o{at}") for at, (key, label) in enumerate(choices, start=1)))
        if not proof.get("required", True):
            parts.append(OPTIONAL)
        lines.append(" | ".join(parts))
    return "\n".join(lines)


def described(raw: Iterable[Mapping[str, Any]], departments: Mapping[str, str], fields: FieldSet) -> str:
    """All that the steps say, a line each: what the history compares."""
    lines = []
    for number, step in enumerate(raw, start=1):
        lines.append(f"{number}. {step['title']}{_owed(step, departments)}")
        lines += [f"   {line}" for line in [step.get("instructions", ""), *told(step, departments, fields)] if line]
    return "\n".join(lines)


def told(step: Mapping[str, Any], departments: Mapping[str, str], fields: FieldSet) -> list[str]:
    """What a step says besides its title, owner, limit and instructions. `departments`: names by key."""
    lines = rules_told(step, fields)
    lines += [f"{'☑' if item.get('required', True) else '☐'} {item['text']}" for item in step.get("checklist") or ()]
    lines += _proofs(step)
    for task in step.get("tasks") or ():
        lines.append(f"→ {task['title']}{_owed(task, departments)}")
        lines += [f"   {line}" for line in rules_told(task, fields) + _proofs(task)]
    if words := step.get("public"):
        lines.append(_("顾客看到：%(words)s") % {"words": words})
    return lines + [_("能进入下一步时自动进入。")] * bool(step.get("auto"))


def _owed(work: Mapping[str, Any], departments: Mapping[str, str]) -> str:
    owner = departments.get(work["department"], work["department"])
    return _("（%(department)s，%(limit)s）") % {"department": owner, "limit": duration(read_due(work["due"]))}


def _proofs(work: Mapping[str, Any]) -> list[str]:
    return [_("凭证：%(proof)s") % {"proof": line} for line in proofs_text(work.get("proof") or ()).splitlines()]


def rules_told(work: Mapping[str, Any], fields: FieldSet) -> list[str]:
    """When it begins and when it may end, read aloud; a rule that is wrong says what is wrong with it."""
    labels = {"when": _("进入条件：%(sentence)s"), "leave": _("离开条件：%(sentence)s")}
    lines = []
    for name, label in labels.items():
        if work.get(name):
            try:
                sentence = parse(work[name], fields).sentence()
            except ConditionError as error:
                sentence = error.sentences[0]
            lines.append(label % {"sentence": sentence})
    return lines
