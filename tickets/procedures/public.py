"""What a customer sees of the complaint SOP: the names made for them, and how far it is. Nothing else of it."""

from dataclasses import dataclass
from typing import Any

from core.procedures.choices import RunState, StepState
from core.procedures.models import ProcedureRun
from tickets.models import Ticket
from tickets.procedures.complaint import COMPLAINT
from tickets.procedures.kind import SUBJECT

_OVER = (StepState.DONE, StepState.SKIPPED)


@dataclass(frozen=True)
class PublicStep:
    """A part of the way: several inner steps may be one to the customer."""

    label: str
    done: bool
    current: bool


def public_steps(ticket: Ticket) -> list[PublicStep]:
    """The way of the complaint so far; empty when it has none."""
    rows: Any = ProcedureRun.objects
    runs = rows.about(SUBJECT, ticket.pk).filter(procedure__key=COMPLAINT).exclude(state=RunState.CANCELLED)
    run = runs.select_related("version").order_by("-id").first()
    if run is None:
        return []
    labels = {step.key: step.public for step in run.version.plan}
    groups: list[tuple[str, list[str]]] = []
    for key, state in run.steps.order_by("position").values_list("key", "state"):
        label = labels.get(key, "")
        if not label:
            continue
        if groups and groups[-1][0] == label:
            groups[-1][1].append(state)
        else:
            groups.append((label, [state]))
    return [
        PublicStep(label, all(one in _OVER for one in states), StepState.ACTIVE in states) for label, states in groups
    ]
