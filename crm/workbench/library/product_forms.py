"""Forms of what is known of products: safety sheets, and trees of diagnosis as cards, one a step."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from crm.workbench.library.forms import DraftForm, ItemForm
from customers.forms import DressedForm
from knowledge.choices import DiagnosisOutcome, SafetyTermKind
from knowledge.diagnosis.tree import (
    ANSWER_LENGTH,
    KEY_LENGTH,
    MOST_CHOICES,
    MOST_STEPS,
    TEXT_LENGTH,
    Choice,
    Step,
    parse,
    stored,
)
from knowledge.models.safety import SHEET_TEXTS, SOURCE_LENGTH
from knowledge.models.safety import TEXT_LENGTH as SHEET_LENGTH

SHOWN_STEPS, SPARE_STEPS = 8, 6
#: What stands in the list of kinds for a step that asks.
ASKS = "ask"
#: Which step a refusal names, by its key or by its place.
_NAMED = re.compile(r"步骤\s*(?P<key>\S+?)\s|第 (?P<place>\d+) 步")


def _lines(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, max_length=SHEET_LENGTH, required=required, widget=widget, help_text=help_text)


class SafetyForm(ItemForm):
    def arrange(self) -> None:
        super().arrange()
        if self.is_new:
            self.fields["key"].label = _("商品编码")
        self.fields["title"].label = _("商品名称")


class SafetyDraftForm(DraftForm):
    """Ingredients stand in `body`."""

    allergens = _lines(_("过敏原"), required=True, help_text=_("没有请写“无已知过敏原”。"))
    contraindications = _lines(_("禁忌"))
    suitable_for = _lines(_("适用人群"))
    source = forms.CharField(
        label=_("来源文件"), max_length=SOURCE_LENGTH, help_text=_("如检测报告编号、备案号、包装标签。")
    )

    def arrange(self) -> None:
        super().arrange()
        self.fields["body"].label = _("成分")
        self.fields["body"].widget.attrs["rows"] = 4
        self.fields["valid_until"].help_text = _("过期后视为没有资料。")

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        known = {name: getattr(version, name) for name in (*SHEET_TEXTS, "source")} if version is not None else {}
        return DraftForm.initial_of(version) | known


class SafetyFileForm(DressedForm):
    file = forms.FileField(
        label=_("资料文件"),
        help_text=_(
            "CSV、XLSX 或 JSONL，最多 2000 行、5 MB。列：商品编码、商品名称、成分、过敏原、禁忌、适用人群、来源文件、"
            "生效时间。"
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.jsonl"}),
        error_messages={"required": _("请选择文件。"), "empty": _("文件是空的。")},
    )


class SafetyTermForm(DressedForm):
    kind = forms.ChoiceField(label=_("作用"), choices=SafetyTermKind.choices)
    text = forms.CharField(label=_("词语"), max_length=30)
    is_active = forms.BooleanField(
        label=_("启用"), required=False, initial=True, help_text=_("停用时，同样的内置词也不再生效。")
    )


class TreeForm(ItemForm):
    product = forms.CharField(label=_("商品编码"), max_length=100, required=False, help_text=_("留空表示各商品通用。"))


@dataclass(frozen=True)
class Card:
    """The fields of one step."""

    number: int
    key: forms.BoundField
    kind: forms.BoundField
    text: forms.BoundField
    answers: list[tuple[forms.BoundField, forms.BoundField]]

    @property
    def is_open(self) -> bool:
        return bool(self.text.value() or self.text.errors or self.number == 1)

    @property
    def errors(self) -> list[str]:
        fields = [self.key, self.kind, self.text, *(field for pair in self.answers for field in pair)]
        return [sentence for field in fields for sentence in field.errors]


class TreeDraftForm(DraftForm):
    """One card a step: what it asks and where each answer leads, or how it ends. Empty cards are left out."""

    def arrange(self) -> None:
        super().arrange()
        self.fields["body"].label = _("适用的故障")
        self.fields["body"].widget.attrs["rows"] = 3
        known = parse(self.initial.pop("steps", []))
        self.count = min(MOST_STEPS, max(SHOWN_STEPS, len(known) + SPARE_STEPS, self._posted()))
        for number in range(self.count):
            self._add_card(number, known[number] if number < len(known) else Step("", ""))

    def _posted(self) -> int:
        return sum(name.startswith("text_") for name in self.data)

    def _add_card(self, number: int, step: Step) -> None:
        kinds = [(ASKS, _("提问")), *((value, f"→ {label}") for value, label in DiagnosisOutcome.choices)]
        place = str(number + 1)
        self._line(f"key_{number}", KEY_LENGTH, _("编号"), step.key or place)
        self.fields[f"kind_{number}"] = forms.ChoiceField(
            label=_("类型"), choices=kinds, initial=step.outcome or ASKS, required=False
        )
        self._line(f"text_{number}", TEXT_LENGTH, _("内容"), step.text)
        for at in range(MOST_CHOICES):
            choice = step.choices[at] if at < len(step.choices) else Choice("", "")
            self._line(f"answer_{number}_{at}", ANSWER_LENGTH, _("回答"), choice.answer)
            self._line(f"to_{number}_{at}", KEY_LENGTH, _("转到步骤"), choice.to)

    def _line(self, name: str, most: int, label: Any, initial: str) -> None:
        self.fields[name] = forms.CharField(label=label, max_length=most, initial=initial, required=False)

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        return DraftForm.initial_of(version) | ({"steps": list(version.steps)} if version is not None else {})

    def cards(self) -> Iterator[Card]:
        for number in range(self.count):
            answers = [(self[f"answer_{number}_{at}"], self[f"to_{number}_{at}"]) for at in range(MOST_CHOICES)]
            yield Card(number + 1, self[f"key_{number}"], self[f"kind_{number}"], self[f"text_{number}"], answers)

    def changes(self, *, title: str) -> dict[str, Any]:
        data = super().changes(title=title)
        found: list[Step] = []
        for number in range(self.count):
            step = self._taken(data, number)
            if step.text:
                found.append(step)
        return {**data, "steps": stored(found)}

    @staticmethod
    def _taken(data: dict[str, Any], number: int) -> Step:
        """The step of a card out of the form's values; the answers of an end are not asked for."""
        kind = data.pop(f"kind_{number}") or ASKS
        key, text = data.pop(f"key_{number}").strip(), data.pop(f"text_{number}").strip()
        pairs = [(data.pop(f"answer_{number}_{at}"), data.pop(f"to_{number}_{at}")) for at in range(MOST_CHOICES)]
        if kind != ASKS:
            return Step(key or str(number + 1), text, outcome=kind)
        choices = tuple(Choice(answer.strip(), to.strip()) for answer, to in pairs if answer.strip() or to.strip())
        return Step(key or str(number + 1), text, choices)

    def add_domain_error(self, error: DomainError) -> None:
        """What is wrong with a step stands at its card."""
        for sentence in error.fields.pop("steps", []):
            error.fields.setdefault(self._field_of(sentence), []).append(sentence)
        super().add_domain_error(error)

    def _field_of(self, sentence: str) -> str:
        named = _NAMED.search(sentence)
        for number in range(self.count):
            key = str(self[f"key_{number}"].value()).strip()
            if named and (named["key"] == key or named["place"] == str(number + 1)):
                return f"text_{number}"
        return "text_0"
