"""The frame of a problem-solving script: confirm → explain → option → confirm."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.wording import listed
from scripts_library import placeholders

STEP_KINDS: dict[str, str | Promise] = {
    "confirm": _("确认问题"),
    "explain": _("说明原因"),
    "option": _("给出方案"),
    "close": _("确认结果"),
}
MAX_STEPS = 12
MAX_STEP_LENGTH = 2_000


@dataclass(frozen=True)
class Step:
    """One step; `text` may hold placeholders."""

    kind: str
    text: str

    @property
    def label(self) -> str:
        return str(STEP_KINDS[self.kind])


def parse(raw: Any) -> list[Step]:
    """Steps as stored. Call only with what `problems` found nothing wrong with."""
    return [Step(entry["kind"], entry["text"]) for entry in raw]


def problems(raw: Any) -> list[str]:
    """Sentences about stored steps: a list of {"kind", "text"}; empty list = a script without a frame."""
    if not isinstance(raw, list) or len(raw) > MAX_STEPS:
        return [str(_("步骤须为列表，最多 %(most)s 步。") % {"most": MAX_STEPS})]
    found: list[str] = []
    for number, entry in enumerate(raw, start=1):
        found.extend(f"{number}. {sentence}" for sentence in _step_problems(entry))
    return found


def _step_problems(entry: Any) -> list[str]:
    if not isinstance(entry, dict) or set(entry) != {"kind", "text"}:
        return [str(_("步骤须只含 kind 和 text。"))]
    kind, text = entry["kind"], entry["text"]
    found = []
    if kind not in STEP_KINDS:
        found.append(str(_("步骤类型须为 %(kinds)s 之一。") % {"kinds": listed(STEP_KINDS)}))
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_STEP_LENGTH:
        found.append(str(_("步骤内容须为 1 到 %(most)s 字。") % {"most": MAX_STEP_LENGTH}))
    else:
        found.extend(placeholders.problems(text))
    return found
