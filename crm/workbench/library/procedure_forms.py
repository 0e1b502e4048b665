"""The form of a procedure's steps: one card a step, added, moved and left out; the words follow from the steps."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.calendars.models import BusinessCalendar
from core.conditions.forms import vocabulary
from core.errors import DomainError
from core.procedures import registry, writing
from core.procedures.models import Department
from core.procedures.services.departments import ensure_departments
from core.procedures.services.templates import words_of
from core.procedures.template import LONGEST_DUE, MOST_STEPS, MOST_TASKS, duration, place_of
from crm.workbench.library.forms import DraftForm, ItemForm
from crm.workbench.library.procedure_cards import (
    MINUTE,
    StepCard,
    TaskCard,
    step_fields,
    task_fields,
)

SPARE_STEPS, SPARE_TASKS = 3, 1


class ProcedureForm(ItemForm):
    calendar = forms.ModelChoiceField(
        label=_("工作日历"),
        queryset=BusinessCalendar.objects.order_by("name"),
        required=False,
        empty_label=_("法定工作日"),
        help_text=_("“工作时间”的时限按它计算。"),
    )


class ProcedureDraftForm(DraftForm):
    """Empty cards are left out; the number of a card says where its step stands.

    A field is called by what it holds and the numbers of its cards: `step_title_2`, `task_title_2_0`.
    """

    def arrange(self) -> None:
        super().arrange()
        del self.fields["body"]
        known: list[dict[str, Any]] = self.initial.pop("steps", [])
        self.count = min(MOST_STEPS, max(len(known) + SPARE_STEPS, self._posted("step_title_")))
        self.known = known + [{}] * (self.count - len(known))
        departments = [(row.key, row.name) for row in ensure_departments().values() if row.is_active]
        self.task_counts: list[int] = []
        self.names: dict[str, list[str]] = {}
        for number, step in enumerate(self.known):
            self._add("step_", step_fields(step, number, departments), f"{number}")
            tasks = step.get("tasks") or []
            self.task_counts.append(
                min(MOST_TASKS, max(len(tasks) + SPARE_TASKS, self._posted(f"task_title_{number}_")))
            )
            for at in range(self.task_counts[-1]):
                task = tasks[at] if at < len(tasks) else {}
                self._add("task_", task_fields(task, departments), f"{number}_{at}")

    def _add(self, prefix: str, fields: dict[str, forms.Field], place: str) -> None:
        self.names[prefix] = list(fields)
        for name, field in fields.items():
            self.fields[f"{name}_{place}"] = field

    def _posted(self, prefix: str) -> int:
        """How many cards were sent."""
        return sum(name.startswith(prefix) for name in self.data)

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        return DraftForm.initial_of(version) | ({"steps": list(version.steps)} if version is not None else {})

    @property
    def vocabulary(self) -> dict[str, Any]:
        return vocabulary(registry.condition_fields())

    def cards(self) -> Iterator[StepCard]:
        for number in range(self.count):
            tasks = [TaskCard(at + 1, self._bound("task_", f"{number}_{at}")) for at in range(self.task_counts[number])]
            rules = writing.rules_told(self.known[number], registry.condition_fields())
            yield StepCard(number + 1, self._bound("step_", f"{number}"), tasks, rules)

    def _bound(self, prefix: str, place: str) -> dict[str, forms.BoundField]:
        """The fields of one card by their short names."""
        return {name.removeprefix(prefix): self[f"{name}_{place}"] for name in self.names[prefix]}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        cards = [number for number in range(self.count) if str(data.get(f"step_title_{number}", "")).strip()]
        cards.sort(key=lambda number: (data.get(f"step_order_{number}") or number + 1, number))
        #: Which card holds the step at each place.
        self.places = cards
        data["steps"] = [self._step(data, number, place) for place, number in enumerate(cards, start=1)]
        for name in list(data):
            if name.startswith(("step_", "task_")):
                del data[name]
        return data

    def _step(self, data: dict[str, Any], number: int, place: int) -> dict[str, Any]:
        """The step of a card; what cannot be read is named at its field."""
        step = self._work(data, "step_", f"{number}", f"s{place}")
        checklist = self._read(f"step_checklist_{number}", data, writing.read_checklist)
        tasks = [
            self._work(data, "task_", f"{number}_{at}", f"t{at + 1}")
            for at in range(self.task_counts[number])
            if str(data.get(f"task_title_{number}_{at}", "")).strip()
        ]
        texts = {name: str(data.get(f"step_{name}_{number}") or "").strip() for name in ("instructions", "public")}
        more = {
            "checklist": checklist,
            "tasks": tasks,
            "leave": data.get(f"step_leave_{number}"),
            "auto": data.get(f"step_auto_{number}"),
            **texts,
        }
        return step | {name: value for name, value in more.items() if value}

    def _work(self, data: dict[str, Any], prefix: str, place: str, usual_key: str) -> dict[str, Any]:
        """What steps and tasks have in common."""

        def given(name: str) -> Any:
            return data.get(f"{prefix}{name}_{place}")

        work = {
            "key": given("key") or usual_key,
            "title": given("title").strip(),
            "department": given("department") or registry.HOME,
            "due": {"seconds": self._seconds(data, prefix, place), "clock": given("clock")},
        }
        proof = self._read(f"{prefix}proof_{place}", data, writing.read_proofs)
        return work | {name: value for name, value in {"proof": proof, "when": given("when")}.items() if value}

    def _seconds(self, data: dict[str, Any], prefix: str, place: str) -> int:
        """The limit of a card; one that cannot be is named at its field and counts as the shortest."""
        name = f"{prefix}due_{place}"
        amount, unit = data.get(name) or 0, int(data.get(f"{prefix}unit_{place}") or MINUTE)
        if MINUTE <= amount * unit <= LONGEST_DUE:
            return amount * unit
        if name not in self.errors:
            self.add_error(name, _("时限须在 1 分钟到 366 天之间。"))
        return MINUTE

    def _read(self, name: str, data: dict[str, Any], reader: Callable[[str], Any]) -> Any:
        try:
            return reader(data.get(name) or "")
        except ValueError as error:
            self.add_error(name, str(error))
            return reader("")

    def changes(self, *, title: str) -> dict[str, Any]:
        data = super().changes(title=title)
        return {**data, "body": words_of(data["steps"])}

    def add_domain_error(self, error: DomainError) -> None:
        """What is wrong with a step or a task stands at its card."""
        for sentence in error.fields.pop("steps", []):
            error.fields.setdefault(self._field_of(sentence), []).append(sentence)
        super().add_domain_error(error)

    def _field_of(self, sentence: str) -> str:
        # From the last one down: in some languages "Step 1" is how "Step 10" begins.
        steps = reversed([*enumerate(self.places, start=1)])
        number = next((card for place, card in steps if sentence.startswith(place_of(place))), 0)
        return f"step_title_{number}"


def words_from_steps(version: Any) -> str:
    """Everything that the steps say, in today's words: two versions differ only where their steps do."""
    return words_of(version.steps)


def steps_shown(version: Any) -> list[dict[str, Any]]:
    """The steps for reading: title, owner's name, limit, instructions, and the lines of all else."""
    names = dict(Department.objects.values_list("key", "name"))
    fields = registry.condition_fields()
    return [
        {
            "plan": step,
            "department": names.get(step.department, step.department),
            "limit": duration(step.due),
            "lines": writing.told(raw, names, fields),
        }
        for step, raw in zip(version.plan, version.steps, strict=True)
    ]
