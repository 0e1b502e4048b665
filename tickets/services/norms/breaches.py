"""Rows of norms that were not met: written once, objected to, withdrawn, counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from tickets import events
from tickets.choices import STAGE_OF_METRIC, BreachKind, BreachSource, Metric
from tickets.models import NormBreach, SLAClock, StageNorm, Ticket
from tickets.querysets import NormBreachQuerySet

if TYPE_CHECKING:
    from crm.staff.models import User

REASON_LENGTH = 500


def key_of(norm_id: int, ticket_id: int, round_number: int, kind: str) -> str:
    """One finding per norm, ticket, round of solving and kind."""
    return f"norm:{norm_id}:{ticket_id}:{round_number}:{kind}"


def of_clock(row: SLAClock, ticket: Ticket) -> NormBreach:
    """The breach that tells of a clock that ran out, not stored yet. The clock has its `breached_at`."""
    if row.breached_at is None:
        raise ValueError("Only a clock that ran out is a breach.")
    return NormBreach(
        key=f"clock:{row.pk}",
        ticket=ticket,
        stage=STAGE_OF_METRIC[Metric(row.metric)],
        kind=BreachKind.TIME,
        source=BreachSource.CLOCK,
        sla_clock=row,
        at=row.breached_at,
        queue_id=ticket.queue_id,
        assignee_id=ticket.assignee_id,
    )


def record_clocks(rows: Sequence[SLAClock], ticket: Ticket) -> None:
    """Link clocks that have just run out. No event of their own: `sla.breached` tells of them already."""
    if rows:
        NormBreach.objects.bulk_create([of_clock(row, ticket) for row in rows], ignore_conflicts=True)


def record_found(found: Iterable[NormBreach]) -> None:
    """Store what was found by checks, each once, with an event for each new one."""
    for breach in found:
        _row, is_new = NormBreach.objects.get_or_create(
            key=breach.key,
            defaults={
                field.attname: getattr(breach, field.attname)
                for field in NormBreach._meta.concrete_fields
                if field.name not in ("id", "key")
            },
        )
        if is_new:
            _tell(events.NORM_BREACHED, _row, None)


def _tell(kind: str, breach: NormBreach, actor: "User | None") -> None:
    data = {"breach": breach.pk, "stage": breach.stage, "breach_kind": breach.kind, "norm": breach.norm_id}
    record_events([events.ticket_event(kind, breach.ticket, actor, **data)])


def _checked(text: str, field: str, sentence: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput(sentence, fields={field: [sentence]})
    if len(text) > REASON_LENGTH:
        sentence = _("不能超过 %(n)d 个字符。") % {"n": REASON_LENGTH}
        raise InvalidInput(sentence, fields={field: [sentence]})
    return text


@transaction.atomic
def mark(*, ticket: Ticket, norm: StageNorm, actor: "User", reason: str) -> NormBreach:
    """A lead saw that a quality item was not met. Once for each round of solving."""
    if not actor.has_perm("tickets.judge_normbreach"):
        raise NotAllowed(_("您没有标记未达标的权限。"))
    reason = _checked(reason, "reason", _("请填写原因。"))
    if not norm.is_active:
        sentence = _("这条服务规范已停用。")
        raise InvalidInput(sentence, fields={"norm": [sentence]})
    # As the row stands now: the caller's copy may be older than the last hand-over.
    ticket = Ticket.objects.defer("search").get(pk=ticket.pk)
    round_number = max(ticket.solve_count, 1)
    values = {
        "ticket": ticket,
        "stage": norm.stage,
        "kind": BreachKind.QUALITY,
        "source": BreachSource.HAND,
        "norm": norm,
        "at": clock.now(),
        "queue_id": ticket.queue_id,
        "assignee_id": ticket.assignee_id,
        "reason": reason,
        "marked_by": actor,
    }
    key = key_of(norm.pk, ticket.pk, round_number, BreachKind.QUALITY)
    breach, is_new = NormBreach.objects.get_or_create(key=key, defaults=values)
    if not is_new:
        sentence = _("这张工单已记过“%(norm)s”未达标。") % {"norm": norm.name}
        raise Conflict(sentence, code="already_marked", fields={"norm": [sentence]})
    _tell(events.NORM_BREACHED, breach, actor)
    return breach


def _locked(breach: NormBreach) -> NormBreach:
    return NormBreach.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=breach.pk)


@transaction.atomic
def object_to(*, breach: NormBreach, actor: "User", note: str) -> NormBreach:
    """The person concerned says why it should not count; who judges decides."""
    breach = _locked(breach)
    if breach.assignee_id != actor.pk or not actor.has_perm("tickets.object_normbreach"):
        raise NotAllowed(_("只有当时的负责人可以提出异议。"))
    if breach.is_withdrawn:
        raise Conflict(_("这条未达标已撤销。"), code="withdrawn")
    breach.objection = _checked(note, "note", _("请填写异议说明。"))
    breach.objected_at = clock.now()
    breach.save(update_fields=["objection", "objected_at"])
    _tell(events.NORM_OBJECTED, breach, actor)
    return breach


@transaction.atomic
def withdraw(*, breach: NormBreach, actor: "User", reason: str) -> NormBreach:
    """It does not count any more; nobody withdraws what stands against themselves."""
    breach = _locked(breach)
    if not actor.has_perm("tickets.judge_normbreach"):
        raise NotAllowed(_("您没有撤销未达标的权限。"))
    if breach.assignee_id == actor.pk:
        raise NotAllowed(_("不能撤销自己的未达标，请由他人处理。"))
    if breach.is_withdrawn:
        raise Conflict(_("这条未达标已撤销。"), code="withdrawn")
    breach.withdrawal = _checked(reason, "reason", _("请填写撤销原因。"))
    breach.withdrawn_at, breach.withdrawn_by = clock.now(), actor
    breach.save(update_fields=["withdrawal", "withdrawn_at", "withdrawn_by"])
    _tell(events.NORM_WITHDRAWN, breach, actor)
    return breach


@dataclass(frozen=True)
class Tally:
    """How many stand, by stage and kind and by person (None: nobody was responsible)."""

    by_stage: Counter[tuple[str, str]]
    by_person: Counter[int | None]

    @property
    def total(self) -> int:
        return self.by_person.total()


def tally(rows: NormBreachQuerySet) -> Tally:
    """Count rows that stand, in one statement. Bounded by the period the caller asks for."""
    by_stage: Counter[tuple[str, str]] = Counter()
    by_person: Counter[int | None] = Counter()
    for stage, kind, person, count in rows.standing().counted():
        by_stage[stage, kind] += count
        by_person[person] += count
    return Tally(by_stage, by_person)


def visible(user: "User", start: datetime, end: datetime) -> NormBreachQuerySet:
    """What stands of a period in the person's sight: the one list behind desk, board and report."""
    rows: NormBreachQuerySet = NormBreach.objects.visible_to(user).within(start, end)
    return rows.standing()
