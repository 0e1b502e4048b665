"""Taking a customer through a tree of diagnosis (D17): one answer after another, to an outcome of after-sales."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from core.versions.services import usable_version
from customers.models import Order, OrderItem
from knowledge.choices import DiagnosisOutcome
from knowledge.diagnosis.tree import Step
from knowledge.models import DiagnosisTree
from tickets import events
from tickets.aftersales_choices import AfterSalesKind, AfterSalesReason
from tickets.models import AfterSales, DiagnosisRun, Ticket
from tickets.services import routing, transitions
from tickets.services.aftersales import applying

if TYPE_CHECKING:
    from crm.staff.models import User

STARTED, FINISHED, APPLIED = "diagnosis.started", "diagnosis.finished", "diagnosis.applied"
MOST_TREES = 50
#: Outcomes are counted over the runs begun in this time.
COUNTED = timedelta(days=365)
FAULT_LENGTH, NOTE_LENGTH = 300, 2000


def trees_for(ticket: Ticket) -> list[DiagnosisTree]:
    """Trees in use for the ticket's product and for any product, its own first."""
    rows: Any = DiagnosisTree.objects
    fitting = rows.live().filter(Q(product="") | Q(product=ticket.product)) if ticket.product else rows.live()
    return sorted(fitting.order_by("title")[:MOST_TREES], key=lambda tree: tree.product != ticket.product)


def runs_of(ticket: Ticket) -> list[DiagnosisRun]:
    """The ticket's runs, the newest first."""
    return list(DiagnosisRun.objects.filter(ticket=ticket).select_related("version__item", "aftersales", "actor")[:20])


def asked_now(run: DiagnosisRun) -> Step | None:
    """The question that waits for an answer; None at the end."""
    found: Step | None = run.version.step(run.step) if run.step else None
    return found


@transaction.atomic
def start(*, ticket: Ticket, actor: "User", tree: DiagnosisTree) -> DiagnosisRun:
    """Begin at the first step of the version in use. One run at a time: an unfinished one of the tree goes on."""
    _may(actor)
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    version = usable_version(tree)
    going_on: DiagnosisRun | None = DiagnosisRun.objects.filter(
        ticket=ticket, version=version, finished_at=None
    ).first()
    if going_on is not None:
        return going_on
    first: Step = version.parsed[0]
    run = DiagnosisRun(ticket=ticket, version=version, step=first.key, actor=actor, started_at=clock.now())
    _arrive(run, first)
    run.save(force_insert=True)
    _record(STARTED, run, actor)
    if run.is_finished:
        _record(FINISHED, run, actor, outcome=run.outcome)
    return run


@transaction.atomic
def answer(*, run: DiagnosisRun, actor: "User", step: str, choice: str) -> DiagnosisRun:
    """Go on from `step` by one of its answers. Conflict "moved_on" when another step is asked by now."""
    _may(actor)
    run = _locked(run)
    asked = asked_now(run)
    if asked is None or asked.key != step:
        raise Conflict(_("诊断已进行到别的步骤，请看过再答。"), code="moved_on", step=run.step)
    chosen = asked.chosen(choice)
    if chosen is None:
        sentence = _("请从这一步的回答中选择。")
        raise InvalidInput(sentence, fields={"choice": [sentence]})
    run.path = [*run.path, {"step": asked.key, "question": asked.text, "answer": chosen.answer}]
    _arrive(run, run.version.step(chosen.to))
    run.save(update_fields=["path", "step", "outcome", "conclusion", "finished_at"])
    if run.is_finished:
        _record(FINISHED, run, actor, outcome=run.outcome)
    return run


@transaction.atomic
def go_back(*, run: DiagnosisRun, actor: "User") -> DiagnosisRun:
    """Take the last answer back. A run that after-sales rests on stays as it was."""
    _may(actor)
    run = _locked(run)
    if run.aftersales_id is not None:
        raise Conflict(_("已按这次诊断登记售后，不能再改。"), code="applied")
    if not run.path:
        raise Conflict(_("还没有回答。"), code="at_the_beginning")
    run.step, run.path = run.path[-1]["step"], run.path[:-1]
    run.outcome, run.conclusion, run.finished_at = "", "", None
    run.save(update_fields=["path", "step", "outcome", "conclusion", "finished_at"])
    return run


def _may(actor: "User") -> None:
    if not actor.has_perm("tickets.add_diagnosisrun"):
        raise NotAllowed(_("您没有故障诊断的权限。"))


def _locked(run: DiagnosisRun) -> DiagnosisRun:
    rows = DiagnosisRun.objects.select_for_update(of=("self",)).select_related("ticket", "version__item")
    found: DiagnosisRun = rows.get(pk=run.pk)
    routing.refuse_merged(found.ticket)
    return found


def _arrive(run: DiagnosisRun, step: Step) -> None:
    """Stand at a step; an end ends the run with its outcome."""
    if not step.is_end:
        run.step = step.key
        return
    run.step, run.outcome, run.conclusion, run.finished_at = "", step.outcome, step.text, clock.now()


def _record(kind: str, run: DiagnosisRun, actor: "User", **data: Any) -> None:
    told = {"diagnosis": run.pk, "tree": run.version.item.key, "version": run.version.number, **data}
    record_events([events.ticket_event(kind, run.ticket, actor, **told)])


# To after-sales


@dataclass(frozen=True)
class Proposal:
    """The application that follows from a run; the names are those of an after-sales request."""

    kind: str
    reason: str
    note: str
    details: dict[str, str]


def proposal(run: DiagnosisRun) -> Proposal | None:
    """What to apply for; None while it goes on, and when nothing is left to be done."""
    if run.outcome not in AfterSalesKind.values:
        return None
    way = "；".join(f"{one['question']} {one['answer']}" for one in run.path)
    note = _("诊断“%(tree)s”：%(way)s。结论：%(end)s") % {
        "tree": run.version.title,
        "way": way or "—",
        "end": run.conclusion,
    }
    details = {"fault": f"{run.version.title}：{run.conclusion}"[:FAULT_LENGTH]} if run.outcome == "repair" else {}
    return Proposal(run.outcome, AfterSalesReason.QUALITY, note[:NOTE_LENGTH], details)


@transaction.atomic
def apply(
    *,
    run: DiagnosisRun,
    actor: "User",
    order: Order,
    order_item: OrderItem | None = None,
    exception: str = "",
    **known: Any,
) -> AfterSales:
    """Register the after-sales request the run leads to, once. `known`: what else is known of the goods, as in a Wish.

    Raises Conflict "no_aftersales" for another outcome, "applied" the second time, and what `applying.apply` raises.
    """
    run = _locked(run)
    wanted = proposal(run)
    if wanted is None:
        raise Conflict(_("这次诊断没有售后方案。"), code="no_aftersales")
    if run.aftersales_id is not None:
        raise Conflict(_("已按这次诊断登记售后。"), code="applied")
    given = {"note": wanted.note, **known, "details": {**wanted.details, **known.get("details", {})}}
    wish = applying.Wish(kind=wanted.kind, reason=wanted.reason, **given)
    made = applying.apply(
        ticket=run.ticket, actor=actor, order=order, order_item=order_item, wish=wish, exception=exception
    )
    attach(run=run, aftersales=made, actor=actor)
    return made


@transaction.atomic
def attach(*, run: DiagnosisRun, aftersales: AfterSales, actor: "User") -> None:
    """Keep that this request came of the run. Of a run that has one already nothing changes."""
    changed = DiagnosisRun.objects.filter(pk=run.pk, ticket=aftersales.ticket_id, aftersales=None)
    if changed.update(aftersales=aftersales):
        _record(APPLIED, run, actor, aftersales=aftersales.pk)


# Counting


@dataclass(frozen=True)
class OutcomeCount:
    """How many runs of a tree ended so. `outcome` "" are those that were not finished."""

    outcome: str
    label: str
    runs: int


def outcomes_of(tree: DiagnosisTree) -> list[OutcomeCount]:
    """How often the tree led where, over all its versions in the last year, the most frequent first."""
    rows = DiagnosisRun.objects.filter(version__item=tree, started_at__gt=clock.now() - COUNTED)
    counted: Iterable[Any] = rows.order_by().values("outcome").annotate(n=Count("pk"))
    found = [OutcomeCount(one["outcome"], _label(one["outcome"]), one["n"]) for one in counted]
    return sorted(found, key=lambda one: (-one.runs, one.outcome))


def _label(outcome: str) -> str:
    return str(DiagnosisOutcome(outcome).label) if outcome else _("未完成")
