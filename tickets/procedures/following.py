"""The complaint SOP follows its ticket: begun when a complaint comes, ended when it is none any more."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from core import clock
from core.events import Event
from core.procedures.models import Procedure, ProcedureRun
from core.procedures.services import running, templates
from tickets import events
from tickets.choices import Confirmation, TicketType
from tickets.models import Ticket
from tickets.procedures.complaint import BUILT_IN, COMPLAINT
from tickets.procedures.kind import SUBJECT

VISITED, ANSWERED = "visit.completed", "survey.answered"
KINDS = (
    events.CREATED,
    events.UPDATED,
    events.MESSAGE,
    events.SOLVED,
    events.CLOSED,
    events.REOPENED,
    events.MERGED,
    events.COMPENSATION_PAID,
    VISITED,
    ANSWERED,
)
#: How long a complaint may be without its procedure before it counts as a violation: the consumer reads in seconds.
GRACE = timedelta(minutes=2)
SWEEP_BATCH = 200


def ensure_built_in() -> None:
    """The procedures every shop starts with."""
    for key, title, steps, duties in BUILT_IN:
        templates.install(key=key, title=title, steps=steps, duties=duties)


def complaint_procedure() -> Procedure | None:
    """The complaint SOP, if the shop has one in use."""
    found = Procedure.objects.select_related("live_version").filter(key=COMPLAINT).first()
    if found is None:
        ensure_built_in()
        found = Procedure.objects.select_related("live_version").get(key=COMPLAINT)
    return found if found.live_version_id is not None else None


def react(news: Iterable[Event]) -> None:
    """What the events mean for the runs of their tickets."""
    told: dict[int, dict[str, Any]] = {}
    for event in news:
        if event.subject_type == SUBJECT and event.subject_id is not None:
            told.setdefault(event.subject_id, {}).update(_facts(event))
    under_way: dict[int, list[ProcedureRun]] = {}
    for run in _running().filter(subject_id__in=list(told)).select_related("procedure"):
        under_way.setdefault(run.subject_id, []).append(run)
    tickets = list(Ticket.objects.defer("search").filter(pk__in=list(told)).order_by("pk"))
    procedure = complaint_procedure() if any(is_complaint(ticket) for ticket in tickets) else None
    for ticket in tickets:
        for run in under_way.get(ticket.pk, []):
            keep(run, ticket, facts=told[ticket.pk])
        if ticket.pk not in under_way and told[ticket.pk]:
            _note_verdict(ticket, told[ticket.pk])
        if is_complaint(ticket):
            begin(procedure, ticket)


def _facts(event: Event) -> dict[str, Any]:
    """What the customer's answers add to what a run knows."""
    if event.kind == VISITED:
        return {"visited": True, "verdict": str(event.payload.get("outcome") or "")}
    score = event.payload.get("score")
    return {"score": score} if event.kind == ANSWERED and isinstance(score, int) else {}


def _note_verdict(ticket: Ticket, facts: dict[str, Any]) -> None:
    """The verdict may come after the run's end; it belongs to the newest one."""
    rows: Any = ProcedureRun.objects
    run = rows.about(SUBJECT, ticket.pk).filter(procedure__key=COMPLAINT).order_by("-id").first()
    if run is not None:
        run.data = {**run.data, **facts}
        run.save(update_fields=["data"])


def _running() -> Any:
    return ProcedureRun.objects.running().filter(subject_type=SUBJECT)  # type: ignore[attr-defined]


def is_complaint(ticket: Ticket) -> bool:
    """Whether the ticket must have the SOP: a complaint that is open and stands for itself."""
    return ticket.type == TicketType.COMPLAINT and ticket.is_open and ticket.merged_into_id is None


def begin(procedure: Procedure | None, ticket: Ticket) -> ProcedureRun | None:
    """Start the SOP, once; a shop without a published one has none."""
    if procedure is None or _running().filter(procedure=procedure, subject_id=ticket.pk).exists():
        return None
    version = procedure.live_version
    if version is None or not version.is_valid_at(clock.now()):
        return None
    return running.start(procedure=procedure, subject_id=ticket.pk, actor=None)


def keep(run: ProcedureRun, ticket: Ticket, *, facts: dict[str, Any]) -> None:
    """The ticket changed: the run follows it, or ends with it."""
    reason = _end_of(run, ticket)
    if reason:
        running.cancel_run(run=run, actor=None, reason=reason)
    else:
        running.follow(run=run, facts=facts)


def _end_of(run: ProcedureRun, ticket: Ticket) -> str:
    """Why the run has nothing to do any more; "" when it has."""
    if ticket.merged_into_id:
        return _("工单已合并")
    if ticket.confirmation == Confirmation.CANCELLED:
        return _("工单已撤销")
    if run.procedure.key == COMPLAINT and ticket.type != TicketType.COMPLAINT:
        return _("已不是投诉")
    if ticket.closed_at and run.step not in _AFTER_SOLVING:
        return _("工单已关闭，流程未走完")
    return ""


#: Steps of the complaint SOP in which a ticket may be closed already.
_AFTER_SOLVING = ("confirm", "close", "visit")


def without_run() -> Any:
    """Open complaints that have no run of the SOP."""
    runs = _running().filter(subject_id=OuterRef("pk"), procedure__key=COMPLAINT)
    open_ones: Any = Ticket.objects.open().filter(type=TicketType.COMPLAINT, merged_into=None)
    return open_ones.filter(~Exists(runs))


def sweep() -> int:
    """Start the SOP where news was missed (a consumer that died, a SOP published late); returns how many."""
    procedure = complaint_procedure()
    stray: Sequence[Ticket] = list(without_run().defer("search").order_by("pk")[:SWEEP_BATCH])
    return sum(begin(procedure, ticket) is not None for ticket in stray)
