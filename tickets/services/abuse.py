"""恶意攻击: keeping the conversation, telling the supervisors, relieving the person, flagging after a decision."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from core.timers import TimerSpec, arm
from customers.models import Customer
from scripts_library.suggestion import ScriptHit, search_scripts
from tickets import events
from tickets.choices import AbuseState, NoticeKind
from tickets.models import AbuseReport, Ticket
from tickets.services import notices, routing, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

REPORTED = "abuse.reported"
RELIEVED = "abuse.relieved"
CONFIRMED = "abuse.confirmed"
REJECTED = "abuse.rejected"
EXPIRED = "abuse.expired"
TIMER_EXPIRES = "abuse.flag_expires"
#: Days for which a customer may be flagged.
LONGEST = 365
NOTE_LENGTH = 2000
#: The topic by which calm-exit scripts are found in the library.
SCRIPT_TOPIC = "恶意攻击"


def snapshot_of(ticket: Ticket) -> str:
    """The conversation as it stands, in one fixed form."""
    messages = ticket.messages.order_by("created_at", "id").prefetch_related("attachments")
    said = [
        {
            "id": message.pk,
            "kind": message.kind,
            "author": message.author_id,
            "at": message.created_at.astimezone(UTC).isoformat(),
            "body": message.body,
            "files": sorted(file.sha256 for file in message.attachments.all()),
        }
        for message in messages
    ]
    kept = {"ticket": ticket.number, "customer": ticket.customer_id, "messages": said}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(snapshot: str) -> str:
    return hashlib.sha256(snapshot.encode()).hexdigest()


def is_intact(report: AbuseReport) -> bool:
    """Whether what is kept is what was sealed."""
    return digest(report.snapshot or "") == report.digest


def report_abuse(*, ticket: Ticket, actor: "User", note: str = "", wants_relief: bool = False) -> AbuseReport:
    """Keep the conversation under its hash and tell the supervisors; with `wants_relief` the ticket goes to another.

    Raises Conflict while a report of the ticket waits for its decision.
    """
    if not actor.has_perm("tickets.add_abusereport"):
        raise NotAllowed(_("您没有报告恶意攻击的权限。"))
    if len(note) > NOTE_LENGTH:
        _refuse("note", _("说明不能超过 %(n)d 个字符。") % {"n": NOTE_LENGTH})
    try:
        with transaction.atomic():
            ticket = transitions.lock(ticket)
            report = _keep(ticket, actor, note)
            record_events([events.ticket_event(REPORTED, ticket, actor, report=report.pk, digest=report.digest)])
            notices.notify(users=_supervisors(ticket), kind=NoticeKind.ABUSE_REPORTED, ticket=ticket, actor=actor)
            if wants_relief:
                _relieve(report, ticket, actor)
    except IntegrityError:
        raise Conflict(_("这张工单已有待处理的报告。"), code="already_reported") from None
    return report


def _keep(ticket: Ticket, actor: "User", note: str) -> AbuseReport:
    kept = snapshot_of(ticket)
    report: AbuseReport = AbuseReport.objects.create(
        ticket=ticket, reporter=actor, note=note.strip(), snapshot=kept, digest=digest(kept)
    )
    return report


def _supervisors(ticket: Ticket) -> list[int]:
    people: Any = get_user_model().objects
    seeing = people.who_see_queue(ticket.queue_id).filter(is_active=True)
    return [person.pk for person in seeing if person.has_perm("tickets.judge_abusereport")]


@transaction.atomic
def ask_relief(*, report: AbuseReport, actor: "User") -> AbuseReport:
    """The person is relieved of the ticket. Raises Conflict when it is not theirs, or they were relieved before."""
    report = AbuseReport.objects.select_for_update().get(pk=report.pk)
    if actor.pk != report.reporter_id:
        raise NotAllowed(_("只有报告人可以请求换人。"))
    _relieve(report, transitions.lock(report.ticket), actor)
    return report


def _relieve(report: AbuseReport, ticket: Ticket, actor: "User") -> None:
    if report.relieved_at is not None:
        raise Conflict(_("已经换人。"), code="already_relieved")
    if ticket.assignee_id != actor.pk:
        raise Conflict(_("您不是这张工单的负责人，无须换人。"), code="not_assignee")
    reason = _("恶意攻击，换人处理")
    other = routing.choose_assignee(ticket.queue_id)
    if other is None or other.pk == actor.pk:
        transitions.release(ticket=ticket, actor=actor, reason=reason)
    else:
        transitions.assign(ticket=ticket, actor=actor, assignee=other, reason=reason)
    report.relieved_at = clock.now()
    report.save(update_fields=["relieved_at"])
    record_events([events.ticket_event(RELIEVED, ticket, actor, report=report.pk)])


@transaction.atomic
def confirm(*, report: AbuseReport, actor: "User", days: int, reason: str = "") -> AbuseReport:
    """The customer is flagged for so many days. Raises InvalidInput for days that cannot be."""
    if not 1 <= days <= LONGEST:
        _refuse("days", _("天数须在 1 到 %(n)d 之间。") % {"n": LONGEST})
    report = _decide(report, actor, AbuseState.CONFIRMED, reason)
    report.flagged_until = clock.now() + timedelta(days=days)
    report.save(update_fields=["state", "decided_by", "decided_at", "reason", "flagged_until"])
    arm(
        TimerSpec(
            key=f"{TIMER_EXPIRES}:{report.pk}",
            kind=TIMER_EXPIRES,
            due_at=report.flagged_until,
            subject_type="abuse_report",
            subject_id=report.pk,
        )
    )
    until = report.flagged_until.isoformat()
    record_events([events.ticket_event(CONFIRMED, report.ticket, actor, report=report.pk, until=until)])
    return report


@transaction.atomic
def reject(*, report: AbuseReport, actor: "User", reason: str) -> AbuseReport:
    """No flag; the kept conversation stays."""
    if not reason.strip():
        _refuse("reason", _("请填写理由。"))
    report = _decide(report, actor, AbuseState.REJECTED, reason)
    report.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    record_events([events.ticket_event(REJECTED, report.ticket, actor, report=report.pk)])
    return report


def _decide(report: AbuseReport, actor: "User", state: AbuseState, reason: str) -> AbuseReport:
    if not actor.has_perm("tickets.judge_abusereport"):
        raise NotAllowed(_("只有主管可以确认或驳回。"))
    if len(reason) > 300:
        _refuse("reason", _("理由不能超过 300 个字符。"))
    locked: AbuseReport = AbuseReport.objects.select_for_update().get(pk=report.pk)
    if locked.state != AbuseState.REPORTED:
        raise Conflict(_("这份报告已经处理。"), code="already_decided")
    if locked.reporter_id == actor.pk:
        raise NotAllowed(_("不能处理自己的报告。"))
    locked.state, locked.decided_by, locked.decided_at, locked.reason = state, actor, clock.now(), reason.strip()
    return locked


def _refuse(name: str, sentence: str) -> None:
    raise InvalidInput(sentence, fields={name: [sentence]})


@transaction.atomic
def flag_expires(*, report_id: int, due_at: datetime) -> None:
    """The timer: write down that the flag's time is up. Pages left it out from that very moment."""
    report = AbuseReport.objects.select_for_update().filter(pk=report_id, state=AbuseState.CONFIRMED).first()
    if report is None or report.flagged_until is None or report.flagged_until > due_at:
        return
    report.state = AbuseState.EXPIRED
    report.save(update_fields=["state"])
    record_events([events.ticket_event(EXPIRED, report.ticket, None, report=report.pk)])


def flag_of(customer: Customer) -> AbuseReport | None:
    """The report by which the customer is flagged now; of several the one that lasts longest."""
    rows = AbuseReport.objects.flagging().filter(ticket__customer=customer)
    found: AbuseReport | None = rows.order_by("-flagged_until").first()
    return found


def calm_exit_scripts(*, limit: int = 3) -> list[ScriptHit]:
    """Scripts for leaving a conversation calmly."""
    return search_scripts("", topic=SCRIPT_TOPIC, limit=limit)
