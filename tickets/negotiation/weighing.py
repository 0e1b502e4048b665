"""What the customer wants, what each way costs in money and work, and what law asks at least, side by side (C30)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet

from core.conditions import parse
from core.procedures.models import Department, ProcedureTask
from core.procedures.services.templates import duty_for
from tickets.models import CustomerDemand, Ticket
from tickets.negotiation.demands import demand_of
from tickets.procedures.facts import PROCEDURE_FIELDS
from tickets.procedures.following import complaint_procedure
from tickets.services.solutions import Matter, Solution, suggest

EXECUTE = "execute"
#: Beyond this many open tickets nobody needs the exact number.
MOST_COUNTED = 999
#: What the execution of a case asks for, in the words of the complaint procedure; everything else is compensation.
_RETURNS = frozenset({"C-01", "C-02", "C-03"})


@dataclass(frozen=True)
class Burden:
    """Open work of one who would carry a way out. `kind`: person, queue or department."""

    kind: str
    name: str
    open: int


@dataclass(frozen=True)
class Minimum:
    """What law asks at least. `amount` None: it depends on something nobody knows yet, as the price paid."""

    amount: Decimal | None
    title: str
    basis: tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """A way to settle. `gap`: what the customer demands beyond its cost, negative when it gives more; None: unknown.
    `is_lawful` False: it gives less than law asks."""

    solution: Solution
    demanded: Decimal | None
    gap: Decimal | None
    minimum: Minimum | None
    is_lawful: bool | None
    burdens: tuple[Burden, ...]


@dataclass(frozen=True)
class Weighed:
    demand: CustomerDemand | None
    minimum: Minimum | None
    options: tuple[Option, ...]


def weigh(matter: Matter, ticket: Ticket | None, *, demanded: Decimal | None = None) -> Weighed:
    """The ways to settle next to one another. `demanded` stands for what the ticket's demand says."""
    found = suggest(matter)
    demand = demand_of(ticket) if ticket is not None else None
    if demanded is None and demand is not None:
        demanded = demand.amount
    minimum = _minimum(found)
    own = _of_ticket(ticket) if ticket is not None else ()
    by_way = _departments(matter.category, {_way(one) for one in found})
    options = (
        Option(
            solution=one,
            demanded=demanded,
            minimum=minimum,
            gap=None if demanded is None or one.cost is None else demanded - one.cost,
            is_lawful=_is_lawful(one, minimum),
            burdens=(*own, *by_way[_way(one)]),
        )
        for one in found
    )
    return Weighed(demand, minimum, tuple(options))


def _minimum(found: Sequence[Solution]) -> Minimum | None:
    """The floor of the way that law or a promise asks for; None where it asks for nothing."""
    for one in found:
        if one.source == "rule" and (one.floor is None or one.floor > 0):
            return Minimum(one.floor, one.title, one.basis)
    return None


def _is_lawful(one: Solution, minimum: Minimum | None) -> bool | None:
    if minimum is None:
        return True
    if one.cost is None or minimum.amount is None:
        return None
    return one.cost >= minimum.amount


def _way(one: Solution) -> str:
    return "return" if one.case in _RETURNS else "compensation"


def _of_ticket(ticket: Ticket) -> tuple[Burden, ...]:
    """Who has the ticket in hand, and the queue it stands in."""
    rows: Any = Ticket.objects
    queue = Burden("queue", ticket.queue.name, _counted(rows.open().filter(queue=ticket.queue_id)))
    if ticket.assignee is None:
        return (queue,)
    return (Burden("person", ticket.assignee.name, _counted(rows.open().filter(assignee=ticket.assignee_id))), queue)


def _counted(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("pk")[:MOST_COUNTED].count()


def _departments(category: str, ways: set[str]) -> Mapping[str, tuple[Burden, ...]]:
    """The departments that the complaint procedure gives each way to, with their open tasks."""
    procedure = complaint_procedure()
    if procedure is None or procedure.live_version is None:
        return dict.fromkeys(ways, ())
    step = next((one for one in procedure.live_version.plan if one.key == EXECUTE), None)
    if step is None:
        return dict.fromkeys(ways, ())
    duty = duty_for(procedure, category, EXECUTE)
    main = duty.responsible.key if duty is not None else step.department
    given = {way: _given(step, way) or [main] for way in ways}
    named = {key for keys in given.values() for key in keys}
    waiting = ProcedureTask.objects.filter(state="open", department__key__in=named)
    counts = dict(waiting.order_by().values_list("department__key").annotate(n=Count("pk")))
    names = dict(Department.objects.filter(key__in=named).values_list("key", "name"))
    return {
        way: tuple(Burden("department", names.get(key, key), counts.get(key, 0)) for key in keys)
        for way, keys in given.items()
    }


def _given(step: Any, way: str) -> list[str]:
    """Departments with a task of their own for this way, each once."""
    facts = {"solution": [way]}
    fitting = (task for task in step.tasks if task.when and parse(task.when, PROCEDURE_FIELDS).matches(facts))
    return list(dict.fromkeys(task.department for task in fitting))
