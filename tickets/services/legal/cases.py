"""Disputes before regulators, platforms, associations and courts: opened, carried on, closed."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.events import EventData, record_events
from core.text import has_forbidden_characters
from customers.choices import ShopPlatform
from tickets import events
from tickets.legal.presets import EVENTS, REPEATABLE
from tickets.legal_choices import Authority, CaseEvent, CaseOutcome, CaseState, Matter
from tickets.models import LegalCase, LegalClock, LegalMoment, LegalRule, Ticket
from tickets.services.legal import clocks, rules
from tickets.services.legal.clocks import check_past, refuse

if TYPE_CHECKING:
    from crm.staff.models import User

OPENED, MOVED, CLOSED = "legal.case_opened", "legal.case_moved", "legal.case_closed"
NUMBER_LENGTH, SUMMARY_LENGTH, NOTE_LENGTH = 100, 2000, 300


@transaction.atomic
def open_case(
    *,
    actor: "User",
    authority: str,
    external_number: str,
    received_at: datetime,
    ticket: Ticket | None = None,
    platform: str = "",
    matter: str = Matter.COMPLAINT,
    summary: str = "",
    reply_due_at: datetime | None = None,
    companion: LegalCase | None = None,
    owner: "User | None" = None,
) -> LegalCase:
    """Record a dispute and begin its deadlines.

    Raises InvalidInput for an authority, platform, number or moment that cannot be; Conflict "known_case"
    when this number stands here already.
    """
    if not actor.has_perm("tickets.add_legalcase"):
        raise NotAllowed(_("您没有登记监管与平台争议的权限。"))
    number = _check(authority, platform, matter, external_number, received_at, reply_due_at)
    if authority == Authority.PLATFORM and not platform and ticket is not None and ticket.shop is not None:
        platform = ticket.shop.platform
    try:
        with transaction.atomic():
            made: LegalCase = LegalCase.objects.create(
                authority=authority,
                platform=platform,
                matter=matter,
                external_number=number,
                received_at=received_at,
                reply_due_at=reply_due_at,
                ticket=ticket,
                companion=companion,
                summary=summary.strip()[:SUMMARY_LENGTH],
                owner=owner or (ticket.assignee if ticket is not None else None) or actor,
                created_by=actor,
            )
    except IntegrityError:
        sentence = _("这个编号的案件已登记。")
        raise Conflict(sentence, code="known_case", fields={"external_number": [sentence]}) from None
    LegalMoment.objects.create(case=made, event=CaseEvent.RECEIVED, at=received_at, actor=actor)
    begin_clocks(made, CaseEvent.RECEIVED, received_at, actor)
    _record(OPENED, made, actor)
    return made


def _check(
    authority: str, platform: str, matter: str, number: str, received_at: datetime, reply_due_at: datetime | None
) -> str:
    if authority not in Authority.values:
        refuse("authority", _("请选择机关：12315、平台、消协、在线和解或法院。"))
    if platform and platform not in ShopPlatform.values:
        refuse("platform", _("没有这个平台。"))
    if platform and authority != Authority.PLATFORM:
        refuse("platform", _("只有平台介入才填写平台。"))
    if matter not in Matter.values:
        refuse("matter", _("请选择投诉或举报。"))
    if matter == Matter.REPORT and authority != Authority.SAMR:
        refuse("matter", _("只有向 12315 才能举报。"))
    number = " ".join(number.split())
    if not number or len(number) > NUMBER_LENGTH or has_forbidden_characters(number, multiline=False):
        refuse("external_number", _("请填写对方的编号，不超过 %(n)d 个字符。") % {"n": NUMBER_LENGTH})
    check_past("received_at", received_at)
    if reply_due_at is not None and reply_due_at <= received_at:
        refuse("reply_due_at", _("答复期限须晚于收到时间。"))
    return number


def begin_clocks(case: LegalCase, event: str, at: datetime, actor: "User") -> list[LegalClock]:
    """Begin what begins at this event. A period reckoned for now gives way to the real one."""
    if case.matter == Matter.REPORT:
        found = [rule for rule in rules.applying(authority=case.authority, platform="", event=event) if rule.is_ours]
    else:
        found = rules.applying(authority=case.authority, platform=case.platform, event=event)
    return [_begin(case, rule, event, at, actor) for rule in found]


def _begin(case: LegalCase, rule: LegalRule, event: str, at: datetime, actor: "User") -> LegalClock:
    is_provisional = rule.starts != event
    number = LegalClock.objects.filter(case=case, rule=rule).count() + 1
    if not is_provisional:
        for old in LegalClock.objects.running().filter(case=case, rule=rule, is_provisional=True):
            clocks.drop(clock=old, actor=None, reason=_("已登记实际起算时间"))
    as_notice_says = case.reply_due_at if rule.code == "authority.reply" else None
    return clocks.begin(
        rule=rule,
        key=f"case:{case.pk}:{rule.code}:{number}",
        started_at=at,
        actor=actor,
        case=case,
        ticket=case.ticket,
        owner=case.owner,
        is_provisional=is_provisional,
        due_at=as_notice_says,
    )


@transaction.atomic
def record_moment(*, case: LegalCase, actor: "User", event: str, at: datetime, note: str = "") -> LegalMoment:
    """Something happened to the case; what begins at it begins. Appraisal stops and starts the mediation's time.

    Raises InvalidInput for an event that cannot be before this authority, or a moment before the last one.
    """
    case = _open(case, actor, "tickets.change_legalcase")
    if event not in EVENTS[case.authority]:
        words = case.get_authority_display()
        refuse("event", _("%(authority)s案件没有这种进展。") % {"authority": words})
    check_past("at", at)
    if at < case.received_at:
        refuse("at", _("时间不能早于收到通知的时间。"))
    if event not in REPEATABLE and case.moments.filter(event=event).exists():
        refuse("event", _("这项进展已经登记。"))
    if event in (CaseEvent.APPRAISAL_BEGAN, CaseEvent.APPRAISAL_ENDED):
        _appraisal(case, event, at)
    made = LegalMoment.objects.create(case=case, event=event, at=at, note=note.strip()[:NOTE_LENGTH], actor=actor)
    begin_clocks(case, event, at, actor)
    _record(MOVED, case, actor, event=str(event))
    return made


def _appraisal(case: LegalCase, event: str, at: datetime) -> None:
    running = list(
        LegalClock.objects.select_for_update(of=("self",))
        .running()
        .filter(case=case, rule__code="authority.mediation")
        .select_related("ticket", "rule")
    )
    paused = [row for row in running if row.is_paused]
    last = case.moments.filter(event=CaseEvent.APPRAISAL_BEGAN).aggregate(last=Max("at"))["last"]
    if event == CaseEvent.APPRAISAL_BEGAN:
        if paused:
            refuse("event", _("鉴定已经开始，尚未结束。"))
        clocks.pause(running, at=at)
        return
    if not paused:
        refuse("event", _("没有正在进行的鉴定。"))
    if last is not None and at < last:
        refuse("at", _("鉴定结束不能早于开始。"))
    clocks.resume(paused, at=at)


def _open(case: LegalCase, actor: "User", permission: str) -> LegalCase:
    if not actor.has_perm(permission):
        raise NotAllowed(_("您没有处理监管与平台争议的权限。"))
    rows = LegalCase.objects.select_for_update(of=("self",)).select_related("ticket", "owner")
    found: LegalCase = rows.get(pk=case.pk)
    if not found.is_open:
        raise Conflict(_("案件已结案。"), code="closed")
    return found


@transaction.atomic
def close_case(*, case: LegalCase, actor: "User", outcome: str, note: str = "") -> LegalCase:
    """The dispute is over. What still runs is dropped with the outcome; what was missed must be explained first.

    Raises Conflict "unexplained" naming the deadlines without cause and remedy.
    """
    case = _open(case, actor, "tickets.close_legalcase")
    if outcome not in CaseOutcome.values:
        refuse("outcome", _("请选择结果。"))
    waiting = list(LegalClock.objects.to_explain().filter(case=case).order_by("pk"))
    if waiting:
        titles = "、".join(row.title for row in waiting)
        sentence = _("结案前请写明错过时限的原因和补救：%(titles)s") % {"titles": titles}
        raise Conflict(sentence, code="unexplained", clocks=[row.pk for row in waiting])
    case.state, case.outcome, case.outcome_note = CaseState.CLOSED, outcome, note.strip()[:SUMMARY_LENGTH]
    case.closed_by, case.closed_at = actor, clock.now()
    case.save(update_fields=["state", "outcome", "outcome_note", "closed_by", "closed_at"])
    reason = _("案件已结案：%(outcome)s") % {"outcome": case.get_outcome_display()}
    # A decision must still be carried out, and may still be appealed, after the platform has closed.
    kept = ["dispute.jd.execute", "dispute.jd.appeal"]
    for row in LegalClock.objects.running().filter(case=case).exclude(rule__code__in=kept).select_related("ticket"):
        clocks.drop(clock=row, actor=None, reason=reason)
    _record(CLOSED, case, actor, outcome=str(outcome))
    return case


def _record(kind: str, case: LegalCase, actor: "User", **data: Any) -> None:
    told = {"case": case.pk, "authority": case.authority, **data}
    if case.ticket is not None:
        record_events([events.ticket_event(kind, case.ticket, actor, **told)])
        return
    record_events([EventData(kind=kind, subject_type="legal_case", subject_id=case.pk, actor=actor, payload=told)])


def upcoming(case: LegalCase) -> list[LegalRule]:
    """Rules of the case whose beginning is not known yet."""
    begun = set(LegalClock.objects.filter(case=case, is_provisional=False).values_list("rule_id", flat=True))
    possible = EVENTS[case.authority]
    found = rules.in_force(authority=case.authority, platform=case.platform)
    return [rule for rule in found if rule.pk not in begun and rule.starts in possible]


def unknown_platform(case: LegalCase) -> bool:
    """Whether the deadlines rest on another platform's rules because nobody said which one it is."""
    return case.authority == Authority.PLATFORM and not case.platform
