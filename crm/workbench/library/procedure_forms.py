"""The form of a procedure's steps: one card a step, added, moved and left out; the words follow from the steps."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.calendars.models import BusinessCalendar
from core.conditions import ConditionError, parse
from core.errors import DomainError
from core.procedures import registry, writing
from core.procedures.choices import DueClock
from core.procedures.models import Department
from core.procedures.services.departments import ensure_departments
from core.procedures.services.templates import words_of
from core.procedures.template import LONGEST_DUE, MOST_STEPS, duration
from crm.workbench.library.forms import DraftForm, ItemForm

SPARE_STEPS = 3
MOST_TEXT = 4000
MINUTE = 60
UNITS = ((86400, _("天")), (3600, _("小时")), (MINUTE, _("分钟")))
#: What stands in the part for experts: conditions and tasks have a form of their own.
FURTHER = ("tasks", "when", "leave", "auto", "public")
_PLACE = re.compile(r"第 (\d+) 步")


class ProcedureForm(ItemForm):
    calendar = forms.ModelChoiceField(
        label=_("工作日历"),
        queryset=BusinessCalendar.objects.order_by("name"),
        required=False,
        empty_label=_("法定工作日"),
        help_text=_("“工作时间”的时限按它计算。"),
    )


@dataclass(frozen=True)
class StepCard:
    """The fields of one step."""

    number: int
    fields: dict[str, forms.BoundField]
    #: The conditions of the step read aloud.
    sentences: list[str]

    def __getattr__(self, name: str) -> forms.BoundField:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def is_open(self) -> bool:
        return any(field.errors for field in self.fields.values()) or (self.number == 1 and not self.title.value())

    @property
    def department_name(self) -> str:
        choices: Any = self.department.field
        return str(dict(choices.choices).get(self.department.value(), ""))


class ProcedureDraftForm(DraftForm):
    """Empty cards are left out; the number of a card says where its step stands."""

    def arrange(self) -> None:
        super().arrange()
        del self.fields["body"]
        self.known: list[dict[str, Any]] = self.initial.pop("steps", [])
        self.count = min(MOST_STEPS, max(len(self.known) + SPARE_STEPS, self._posted()))
        departments = [(row.key, row.name) for row in ensure_departments().values() if row.is_active]
        for number in range(self.count):
            step = self.known[number] if number < len(self.known) else {}
            for name, field in _card_fields(step, number, departments).items():
                self.fields[f"{name}_{number}"] = field

    def _posted(self) -> int:
        return min(MOST_STEPS, sum(name.startswith("step_title_") for name in self.data))

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        return DraftForm.initial_of(version) | ({"steps": list(version.steps)} if version is not None else {})

    def cards(self) -> Iterator[StepCard]:
        names = list(_card_fields({}, 0, []))
        for number in range(self.count):
            bound = {name.removeprefix("step_"): self[f"{name}_{number}"] for name in names}
            step = self.known[number] if number < len(self.known) else {}
            yield StepCard(number + 1, bound, sentences_of(step))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        cards = [number for number in range(self.count) if str(data.get(f"step_title_{number}", "")).strip()]
        cards.sort(key=lambda number: (data.get(f"step_order_{number}") or number + 1, number))
        #: Which card holds the step at each place.
        self.places = cards
        data["steps"] = [self._step(data, number, place) for place, number in enumerate(cards, start=1)]
        for name in list(data):
            if name.startswith("step_"):
                del data[name]
        return data

    def _step(self, data: dict[str, Any], number: int, place: int) -> dict[str, Any]:
        """The step of a card; what cannot be read is named at its field."""

        def given(name: str) -> Any:
            return data.get(f"step_{name}_{number}")

        step: dict[str, Any] = {
            "key": given("key") or f"s{place}",
            "title": given("title").strip(),
            "department": given("department") or registry.HOME,
            "due": {"seconds": self._seconds(data, number), "clock": given("clock")},
            **self._read(f"step_further_{number}", given("further"), _further),
        }
        if given("instructions"):
            step["instructions"] = given("instructions").strip()
        lists = {
            "checklist": self._read(f"step_checklist_{number}", given("checklist"), writing.read_checklist),
            "proof": self._read(f"step_proof_{number}", given("proof"), writing.read_proofs),
        }
        return step | {name: value for name, value in lists.items() if value}

    def _seconds(self, data: dict[str, Any], number: int) -> int:
        """The limit of a card; one that cannot be is named at its field and counts as the shortest."""
        amount, unit = data.get(f"step_due_{number}") or 0, int(data.get(f"step_unit_{number}") or MINUTE)
        if MINUTE <= amount * unit <= LONGEST_DUE:
            return amount * unit
        if f"step_due_{number}" not in self.errors:
            self.add_error(f"step_due_{number}", _("时限须在 1 分钟到 366 天之间。"))
        return MINUTE

    def _read(self, name: str, text: Any, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(text or "")
        except ValueError as error:
            self.add_error(name, str(error))
            return reader("")

    def changes(self, *, title: str) -> dict[str, Any]:
        data = super().changes(title=title)
        return {**data, "body": words_of(data["steps"])}

    def add_domain_error(self, error: DomainError) -> None:
        """What is wrong with a step stands at its card."""
        for sentence in error.fields.pop("steps", []):
            found = _PLACE.search(sentence)
            place = int(found[1]) if found else 1
            number = self.places[place - 1] if 0 < place <= len(self.places) else 0
            error.fields.setdefault(f"step_title_{number}", []).append(sentence)
        super().add_domain_error(error)


def _card_fields(step: dict[str, Any], number: int, departments: list[tuple[str, str]]) -> dict[str, forms.Field]:
    seconds = step.get("due", {}).get("seconds", 86400)
    unit = next(size for size, _label in UNITS if seconds % size == 0 or size == MINUTE)
    small = {"rows": 3}
    further = {name: step[name] for name in FURTHER if step.get(name)}

    def words(label: Any, text: str, help_text: Any = "") -> forms.CharField:
        widget = forms.Textarea(attrs=small)
        return forms.CharField(
            label=label, initial=text, required=False, max_length=MOST_TEXT, widget=widget, help_text=help_text
        )

    return {
        "step_order": forms.IntegerField(
            label=_("顺序"), initial=number + 1, required=False, min_value=1, max_value=MOST_STEPS * 10
        ),
        "step_key": forms.CharField(
            initial=step.get("key", ""), required=False, max_length=40, widget=forms.HiddenInput
        ),
        "step_title": forms.CharField(label=_("步骤"), initial=step.get("title", ""), required=False, max_length=200),
        "step_department": forms.ChoiceField(
            label=_("部门"), choices=departments, initial=step.get("department", registry.HOME), required=False
        ),
        "step_due": forms.IntegerField(
            label=_("时限"), initial=seconds // unit, required=False, min_value=1, max_value=600_000
        ),
        "step_unit": forms.ChoiceField(label=_("单位"), choices=UNITS, initial=unit, required=False),
        "step_clock": forms.ChoiceField(
            label=_("计时"), choices=DueClock.choices, initial=step.get("due", {}).get("clock", DueClock.NATURAL),
            required=False,
        ),
        "step_instructions": words(_("说明"), step.get("instructions", "")),
        "step_checklist": words(
            _("检查项"), writing.checklist_text(step.get("checklist") or []), _("每行一项；不必做的以“（选填）”开头。")
        ),
        "step_proof": words(
            _("凭证"),
            writing.proofs_text(step.get("proof") or []),
            _("每行一项：名称 | 类型 | 选项。类型为文字、金额、日期、单选、多选；不必交的在行末写“| 选填”。"),
        ),
        "step_further": words(
            _("离开条件与分派（JSON）"),
            json.dumps(further, ensure_ascii=False, indent=1) if further else "",
            _("leave 离开条件，when 进入条件，tasks 其他部门的任务，auto 自动继续，public 客户看到的进度。"),
        ),
    }  # fmt: skip


def _refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON, and PostgreSQL keeps none."""
    raise ValueError(name)


def _further(text: str) -> dict[str, Any]:
    """What the part for experts says. Raises ValueError with a sentence."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError(str(_("不是有效的 JSON：%(error)s") % {"error": "…"})) from error
    except ValueError as error:
        raise ValueError(str(_("不是有效的 JSON：%(error)s") % {"error": str(error)[:100]})) from error
    if not isinstance(found, dict) or set(found) - set(FURTHER):
        raise ValueError(str(_("只能包含 %(names)s。") % {"names": "、".join(FURTHER)}))
    return found


def sentences_of(step: dict[str, Any]) -> list[str]:
    """The conditions of a step, read aloud."""
    kind = next(iter(registry.kinds.values()), None)
    labels = {"when": _("进入条件：%(sentence)s"), "leave": _("离开条件：%(sentence)s")}
    found = []
    for name, label in labels.items():
        if kind is not None and step.get(name):
            try:
                found.append(str(label % {"sentence": parse(step[name], kind.fields).sentence()}))
            except ConditionError as error:
                found.append(error.sentences[0])
    return found


def words_with_conditions(version: Any) -> str:
    """The steps in words with everything a difference must show."""
    lines = [version.body]
    for number, step in enumerate(version.steps, start=1):
        further = {name: step[name] for name in FURTHER if step.get(name)}
        lines += [f"{number}. {sentence}" for sentence in sentences_of(step)]
        if further:
            lines.append(f"{number}. {json.dumps(further, ensure_ascii=False, sort_keys=True)}")
    return "\n".join(lines)


def steps_shown(version: Any) -> list[dict[str, Any]]:
    """The steps for reading: number, owner's name and conditions beside what the plan says."""
    names = dict(Department.objects.values_list("key", "name"))
    return [
        {
            "plan": step,
            "department": names.get(step.department, step.department),
            "limit": duration(step.due),
            "tasks": [(names.get(task.department, task.department), task) for task in step.tasks],
            "sentences": sentences_of(raw),
        }
        for step, raw in zip(version.plan, version.steps, strict=True)
    ]
