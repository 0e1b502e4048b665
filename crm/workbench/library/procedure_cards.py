"""The fields of one step and of one task of a procedure, and the cards that show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.conditions.forms import ConditionField, ConditionWidget
from core.procedures import registry, writing
from core.procedures.choices import DueClock
from core.procedures.template import MOST_STEPS

MOST_TEXT = 4000
MINUTE = 60
UNITS = ((86400, _("天")), (3600, _("小时")), (MINUTE, _("分钟")))
#: The element of the page from which every builder of rules reads its words.
VOCABULARY = "step-rule-vocabulary"


class _Card:
    fields: Mapping[str, forms.BoundField]

    def __getattr__(self, name: str) -> forms.BoundField:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def has_errors(self) -> bool:
        return any(field.errors for field in self.fields.values())

    @property
    def department_name(self) -> str:
        choices: Any = self.department.field
        return str(dict(choices.choices).get(self.department.value(), ""))


@dataclass(frozen=True)
class TaskCard(_Card):
    """The fields of one task."""

    number: int
    fields: Mapping[str, forms.BoundField]


@dataclass(frozen=True)
class StepCard(_Card):
    """The fields of one step."""

    number: int
    fields: Mapping[str, forms.BoundField]
    tasks: list[TaskCard]
    #: The conditions of the step read aloud.
    sentences: list[str]

    @property
    def is_open(self) -> bool:
        return self.has_errors or self.tasks_are_open or (self.number == 1 and not self.title.value())

    @property
    def tasks_are_open(self) -> bool:
        return any(task.has_errors for task in self.tasks)

    @property
    def rules_are_open(self) -> bool:
        return any(self.fields[name].errors for name in ("when", "leave", "auto"))

    @property
    def titled_tasks(self) -> list[TaskCard]:
        return [task for task in self.tasks if task.title.value()]


def _words(label: Any, text: str, help_text: Any = "", *, most: int = MOST_TEXT, rows: int = 3) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(
        label=label, initial=text, required=False, max_length=most, widget=widget, help_text=help_text
    )


def _rule(label: Any, rule: Any, help_text: Any) -> ConditionField:
    fields = registry.condition_fields()
    widget = ConditionWidget(fields, vocabulary_id=VOCABULARY)
    return ConditionField(fields, label=label, initial=rule or {}, help_text=help_text, widget=widget)


def _work_fields(
    raw: Mapping[str, Any], title: Any, departments: list[tuple[str, str]], home: str
) -> dict[str, forms.Field]:
    """What steps and tasks have in common."""
    due = raw.get("due", {})
    seconds = due.get("seconds", 86400)
    unit = next(size for size, _label in UNITS if seconds % size == 0 or size == MINUTE)
    return {
        "key": forms.CharField(initial=raw.get("key", ""), required=False, max_length=40, widget=forms.HiddenInput),
        "title": forms.CharField(label=title, initial=raw.get("title", ""), required=False, max_length=200),
        "department": forms.ChoiceField(
            label=_("部门"), choices=departments, initial=raw.get("department", home), required=False
        ),
        "due": forms.IntegerField(
            label=_("时限"), initial=seconds // unit, required=False, min_value=1, max_value=600_000
        ),
        "unit": forms.ChoiceField(label=_("单位"), choices=UNITS, initial=unit, required=False),
        "clock": forms.ChoiceField(
            label=_("计时"), choices=DueClock.choices, initial=due.get("clock", DueClock.NATURAL), required=False
        ),
        "proof": _words(
            _("凭证"),
            writing.proofs_text(raw.get("proof") or []),
            _("每行一项：名称 | 类型 | 选项。类型为文字、金额、日期、单选、多选；不必交的在行末写“| 选填”。"),
        ),
        "when": _rule(_("进入条件"), raw.get("when"), _("不满足时跳过。没有条件时总是要做。")),
    }


def task_fields(task: Mapping[str, Any], departments: list[tuple[str, str]]) -> dict[str, forms.Field]:
    """The fields of one task, by name."""
    found = _work_fields(task, _("任务"), departments, departments[0][0] if departments else registry.HOME)
    return {f"task_{name}": field for name, field in found.items()}


def step_fields(step: Mapping[str, Any], number: int, departments: list[tuple[str, str]]) -> dict[str, forms.Field]:
    """The fields of one step, by name."""
    found = _work_fields(step, _("步骤"), departments, registry.HOME) | {
        "order": forms.IntegerField(
            label=_("顺序"), initial=number + 1, required=False, min_value=1, max_value=MOST_STEPS * 10
        ),
        "instructions": _words(_("说明"), step.get("instructions", "")),
        "checklist": _words(
            _("检查项"), writing.checklist_text(step.get("checklist") or []), _("每行一项；不必做的以“（选填）”开头。")
        ),
        "leave": _rule(_("离开条件"), step.get("leave"), _("满足后才能完成这一步。")),
        "auto": forms.BooleanField(label=_("满足离开条件后自动继续"), initial=step.get("auto", False), required=False),
        "public": _words(_("客户看到的进度"), step.get("public", ""), _("留空时客户看不到这一步。"), most=500, rows=2),
    }
    return {f"step_{name}": field for name, field in found.items()}
