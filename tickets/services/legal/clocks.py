"""Statutory deadlines: begin, pause, meet, miss, explain. A missed one is never forgotten."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock as time_source
from core.calendars import CalendarDataMissing, Schedule, legal_schedule, schedule_of
from core.calendars.arithmetic import ScheduleTooFar
from core.calendars.models import BusinessCalendar
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import EventData, record_events
from core.timers import TimerSpec, arm_many, cancel
from tickets import events, legal
from tickets.choices import NoticeKind
from tickets.legal_choices import ClockKind
from tickets.models import LegalCase, LegalClock, LegalRule, Ticket
from tickets.services import notices
from tickets.services.legal import rules

if TYPE_CHECKING:
    from crm.staff.models import User

TIMER_WARN, TIMER_DUE = "legal.warn", "legal.due"
SUBJECT = "legal_clock"
STARTED, WARNED, MISSED = "legal.clock_started", "legal.clock_warned", "legal.clock_missed"
MET, DROPPED, EXPLAINED = "legal.clock_met", "legal.clock_dropped", "legal.clock_explained"
#: What is begun lies behind us, but not longer than anybody may sue about it (P-12).
OLDEST = timedelta(days=3 * 365 + 1)
NOTE_LENGTH, REASON_LENGTH = 2000, 300


def refuse(name: str, sentence: str) -> NoReturn:
    raise InvalidInput(sentence, fields={name: [sentence]})


def is_too_old(at: datetime) -> bool:
    """Whether nobody may sue about it any more."""
    return at < time_source.now() - OLDEST


def check_past(name: str, at: datetime) -> None:
    """A moment that is told of lies neither ahead nor more than three years back."""
    if at > time_source.now():
        refuse(name, _("时间不能晚于现在。"))
    if is_too_old(at):
        refuse(name, _("时间不能早于三年前。"))


# Beginning


@transaction.atomic
def start_clock(
    *,
    rule: str,
    key: str,
    started_at: datetime,
    actor: "User | None",
    ticket: Ticket | None = None,
    owner: "User | None" = None,
) -> LegalClock:
    """Begin the deadline of a rule on a ticket. The same key and rule again: the one that runs already."""
    found = rules.named(rule)
    full = f"{key}:{found.code}"
    known: LegalClock | None = LegalClock.objects.filter(key=full).first()
    if known is not None:
        return known
    check_past("started_at", started_at)
    return begin(rule=found, key=full, started_at=started_at, actor=actor, ticket=ticket, owner=owner)


def begin(
    *,
    rule: LegalRule,
    key: str,
    started_at: datetime,
    actor: "User | None",
    ticket: Ticket | None = None,
    case: LegalCase | None = None,
    owner: "User | None" = None,
    is_provisional: bool = False,
    due_at: datetime | None = None,
) -> LegalClock:
    """Write the deadline and arm its moments, in the caller's transaction. `due_at`: as a notice says."""
    made = LegalClock(
        rule=rule, key=key, title=rule.title, basis=rule.basis[:401], ticket=ticket, case=case,
        is_ours=rule.is_ours and not is_provisional, is_provisional=is_provisional, started_at=started_at,
        owner=owner, amount=rule.amount, unit=rule.unit, clock=rule.clock, opens_minute=rule.opens_minute,
        closes_minute=rule.closes_minute, is_extended=rule.is_extended, warns=rule.warns,
    )  # fmt: skip
    if due_at is not None:
        made.due_at = due_at
    else:
        compute(made)
    made.save()
    arm(made)
    _record(STARTED, made, actor, due_at=made.due_at.isoformat() if made.due_at else None, problem=made.problem)
    return made


def compute(row: LegalClock) -> None:
    """Work out `due_at`, or say why it cannot be. Nothing is ever guessed."""
    row.problem = ""
    row.due_at = None
    if row.is_paused:
        return
    try:
        row.due_at = legal.due_at(row.period, row.started_at, **_schedules(row))
    except CalendarDataMissing:
        row.problem = _("日历未维护")
    except ScheduleTooFar:
        row.problem = _("期限过长")


def _schedules(row: LegalClock) -> dict[str, Any]:
    pauses = [(datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in row.pauses]
    return {"workdays": legal_schedule(), "business": _business(row), "pauses": pauses}


def _business(row: LegalClock) -> Schedule | None:
    if row.clock != ClockKind.BUSINESS:
        return None
    calendar = BusinessCalendar.objects.order_by("pk").first()
    return schedule_of(calendar) if calendar is not None else None


def arm(row: LegalClock) -> None:
    """Let its warnings and its end come. Called anew whenever the end moves."""
    cancel(subject_type=SUBJECT, subject_id=row.pk)
    if row.due_at is None or not row.is_running:
        return
    moments = [(TIMER_DUE, row.due_at), *((f"{TIMER_WARN}:{number}", at) for number, at in enumerate(_warnings(row)))]
    arm_many(
        [
            TimerSpec(
                key=f"{name}:{row.pk}",
                kind=TIMER_DUE if name == TIMER_DUE else TIMER_WARN,
                due_at=at,
                subject_type=SUBJECT,
                subject_id=row.pk,
            )
            for name, at in moments
        ]
    )


def _warnings(row: LegalClock) -> list[datetime]:
    """Moments to warn at that still lie ahead. One that the calendar cannot tell is left out: the end counts."""
    given = _schedules(row)
    found = []
    for amount in row.warns:
        try:
            found.append(legal.moment_after(row.period, amount, row.started_at, **given))
        except (CalendarDataMissing, ScheduleTooFar):
            continue
    assert row.due_at is not None
    return [at for at in found if time_source.now() < at < row.due_at]


# Its moments


@transaction.atomic
def warn(*, clock_id: int, at: datetime) -> None:
    """A warning's moment: whoever answers for it is told."""
    row = _locked(clock_id)
    if row is None or not row.is_running or row.due_at is None or row.due_at <= at:
        return
    _tell(row, NoticeKind.LEGAL_WARNED)
    _record(WARNED, row, None)


@transaction.atomic
def time_is_up(*, clock_id: int, due_at: datetime) -> None:
    """The end: what is not done by now was missed. Another's duty just stands as not done."""
    row = _locked(clock_id)
    if row is None or not row.is_running or row.due_at is None or row.due_at > due_at:
        return
    if row.is_provisional:
        row.dropped_at, row.drop_reason = time_source.now(), _("暂估的时间已过，未登记实际起算时间")
        row.save(update_fields=["dropped_at", "drop_reason"])
        return
    row.missed_at = row.due_at
    row.save(update_fields=["missed_at"])
    if row.is_ours:
        _tell(row, NoticeKind.LEGAL_MISSED)
    _record(MISSED, row, None)


def _locked(clock_id: int) -> LegalClock | None:
    rows = LegalClock.objects.select_for_update(of=("self",)).select_related("ticket", "case__ticket", "owner")
    found: LegalClock | None = rows.filter(pk=clock_id).first()
    return found


def _tell(row: LegalClock, kind: NoticeKind) -> None:
    """Owner, assignee and supervisors. A case without a ticket stands on the board alone: notices hang on tickets."""
    ticket = row.ticket or (row.case.ticket if row.case is not None else None)
    if ticket is None:
        return
    people: Any = get_user_model().objects
    seeing = people.who_see_queue(ticket.queue_id).filter(is_active=True)
    told = {person.pk for person in seeing if person.has_perm("tickets.explain_legalclock") and not person.is_auditor}
    told |= {key for key in (row.owner_id, ticket.assignee_id) if key}
    notices.notify(users=told, kind=kind, ticket=ticket)


def _record(kind: str, row: LegalClock, actor: "User | None", **data: Any) -> None:
    told = {"clock": row.pk, "rule": row.rule.code, **data}
    if row.ticket is not None:
        record_events([events.ticket_event(kind, row.ticket, actor, **told)])
        return
    record_events([EventData(kind=kind, subject_type="legal_case", subject_id=row.case_id, actor=actor, payload=told)])


# What people do


def _editable(row: LegalClock, actor: "User", permission: str) -> LegalClock:
    if not actor.has_perm(permission):
        raise NotAllowed(_("您没有处理法定时限的权限。"))
    found = _locked(row.pk)
    assert found is not None
    if found.dropped_at is not None:
        raise Conflict(_("这个时限已不再适用。"), code="dropped")
    return found


@transaction.atomic
def meet(
    *, clock: LegalClock, actor: "User", at: datetime | None = None, cause: str = "", remedy: str = ""
) -> LegalClock:
    """What was due is done. Done too late it counts as missed, and wants cause and remedy at once.

    Raises InvalidInput naming them; Conflict when it was done already.
    """
    row = _editable(clock, actor, "tickets.change_legalclock")
    if row.met_at is not None:
        raise Conflict(_("这个时限已经完成。"), code="already_met")
    done_at = at or time_source.now()
    check_past("at", done_at)
    if done_at < row.started_at:
        refuse("at", _("完成时间不能早于起算时间。"))
    row.met_at = done_at
    fields = ["met_at", "missed_at"]
    if row.due_at is not None and not legal.in_time(row.period, row.due_at, done_at):
        row.missed_at = row.due_at
        if row.is_ours and row.explained_at is None:
            fields += _explain(row, actor, cause, remedy)
    else:
        # Done in time and written down later: it was not missed after all.
        row.missed_at = None
    row.save(update_fields=fields)
    cancel(subject_type=SUBJECT, subject_id=row.pk)
    _record(MET, row, actor, late=row.missed_at is not None)
    return row


@transaction.atomic
def explain(*, clock: LegalClock, actor: "User", cause: str, remedy: str) -> LegalClock:
    """Why a deadline was missed and what is done about it. Written once."""
    row = _editable(clock, actor, "tickets.explain_legalclock")
    if row.missed_at is None:
        raise Conflict(_("这个时限没有错过，不需要说明。"), code="not_missed")
    if row.explained_at is not None:
        raise Conflict(_("已有说明。"), code="already_explained")
    row.save(update_fields=_explain(row, actor, cause, remedy))
    _record(EXPLAINED, row, actor)
    return row


def _explain(row: LegalClock, actor: "User", cause: str, remedy: str) -> list[str]:
    given = {"cause": cause.strip(), "remedy": remedy.strip()}
    empty = {"cause": _("请写明错过的原因。"), "remedy": _("请写明补救措施。")}
    missing = {name: [empty[name]] for name, text in given.items() if not text}
    long = {name: [_("不能超过 2000 个字符。")] for name, text in given.items() if len(text) > NOTE_LENGTH}
    if missing or long:
        raise InvalidInput(_("错过的法定时限须写明原因和补救。"), fields=missing | long)
    row.cause, row.remedy = given["cause"], given["remedy"]
    row.explained_by, row.explained_at = actor, time_source.now()
    return ["cause", "remedy", "explained_by", "explained_at"]


@transaction.atomic
def drop(*, clock: LegalClock, actor: "User | None", reason: str) -> LegalClock:
    """It does not apply (any more), for a reason that stays. What was missed is not dropped away."""
    row = clock if actor is None else _editable(clock, actor, "tickets.explain_legalclock")
    if row.met_at is not None or row.missed_at is not None:
        raise Conflict(_("已完成或已错过的时限不能改为不适用。"), code="ended")
    reason = " ".join(reason.split())
    if not reason or len(reason) > REASON_LENGTH:
        refuse("reason", _("请填写不适用的原因，不超过 %(n)d 个字符。") % {"n": REASON_LENGTH})
    row.dropped_at, row.drop_reason = time_source.now(), reason
    row.save(update_fields=["dropped_at", "drop_reason"])
    cancel(subject_type=SUBJECT, subject_id=row.pk)
    _record(DROPPED, row, actor, reason=reason)
    return row


def pause(rows: Sequence[LegalClock], *, at: datetime) -> None:
    """Their time stands still from `at` on; nothing is due until it goes on."""
    for row in rows:
        row.pauses = [*row.pauses, [at.isoformat(), None]]
        row.due_at = None
        row.save(update_fields=["pauses", "due_at"])
        arm(row)


def resume(rows: Sequence[LegalClock], *, at: datetime) -> None:
    """Their time goes on; the pause does not count."""
    for row in rows:
        row.pauses = [*row.pauses[:-1], [row.pauses[-1][0], at.isoformat()]]
        compute(row)
        row.save(update_fields=["pauses", "due_at", "problem"])
        arm(row)


@transaction.atomic
def compute_again() -> int:
    """Deadlines whose year the calendar did not know: try again. Returns how many are known now."""
    rows = LegalClock.objects.running().exclude(problem="").select_for_update(of=("self",)).order_by("pk")[:500]
    known = 0
    for row in rows:
        compute(row)
        if row.due_at is not None:
            row.save(update_fields=["due_at", "problem"])
            arm(row)
            known += 1
    return known


# For other parts of the product


def _of_key(key: str, rule: str) -> LegalClock | None:
    found: LegalClock | None = LegalClock.objects.filter(key=f"{key}:{rule}", met_at=None, dropped_at=None).first()
    return found


@transaction.atomic
def meet_clock(*, rule: str, key: str, at: datetime, actor: "User | None") -> LegalClock | None:
    """What was due under this key is done. Too late: it stays on the board until somebody explains it."""
    found = _of_key(key, rule)
    row = _locked(found.pk) if found is not None else None
    if row is None or row.met_at is not None:
        return row
    row.met_at = at
    late = row.due_at is not None and not legal.in_time(row.period, row.due_at, at)
    row.missed_at = row.due_at if late else None
    row.save(update_fields=["met_at", "missed_at"])
    cancel(subject_type=SUBJECT, subject_id=row.pk)
    _record(MET, row, actor, late=late)
    return row


def drop_clock(*, rule: str, key: str, reason: str) -> LegalClock | None:
    """What was due under this key does not apply any more."""
    found = _of_key(key, rule)
    if found is None or found.missed_at is not None:
        return found
    return drop(clock=found, actor=None, reason=reason)
