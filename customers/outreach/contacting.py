"""What happens to messages after they were asked for: sent, spoken, taken back."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.outbox import Undeliverable, enqueue_many
from customers import events
from customers.models import Outreach, OutreachSettings
from customers.outreach import rules, ways
from customers.outreach.reaching import held_until, limits_of, outbox_item
from customers.outreach.standing import standings_of
from customers.outreach_choices import (
    PENDING,
    ContactResult,
    OutreachChannel,
    OutreachReason,
    OutreachStatus,
)
from customers.services.validation import field_error

SENT = "customer.outreach_sent"
ENDED = "customer.outreach_ended"
CONTACTED = "customer.outreach_contacted"
MAX_NOTE = 1000


def deliver(*, outreach_id: int, is_last_try: bool) -> None:
    """Send what waits, unless it was called off or may not be sent any more. Outside a transaction.

    What no system can deliver becomes a task for a person where the purpose wants that.
    """
    row = Outreach.objects.select_related("customer").filter(pk=outreach_id).first()
    if row is None or row.status != OutreachStatus.WAITING or _stopped(row):
        return
    way = ways.way(row.way)
    try:
        if way is None:
            raise Undeliverable(f"no way called {row.way}")
        way.send(row)
    except ways.NoLongerWanted:
        _close(row, OutreachStatus.CANCELLED, OutreachReason.SETTLED)
        return
    except Undeliverable:
        _hand_over(row)
        raise
    except Exception:
        if is_last_try:
            _hand_over(row)
        raise
    _close(row, OutreachStatus.SENT, "", sent=True)


def _stopped(row: Outreach) -> bool:
    """The world may have changed while it waited: the wish for no contact, a drill, the night."""
    current = OutreachSettings.current()
    rule = rules.RULES[row.purpose]
    if current.is_drill:
        _close(row, OutreachStatus.DRILL, "")
        return True
    standing = standings_of([(row.customer, row.purpose)], current)[row.customer_id, row.purpose]
    without_count = rules.Standing(standing.is_opted_out, standing.has_open_complaint, standing.consents)
    reason = rules.refusal(purpose=row.purpose, channel=row.channel, standing=without_count, limits=limits_of(current))
    if reason:
        _close(row, OutreachStatus.REFUSED, reason)
        return True
    until = held_until(rule, current)
    if until is not None:
        with transaction.atomic():
            Outreach.objects.filter(pk=row.pk).update(not_before=until, updated_at=clock.now())
            enqueue_many([outbox_item(row, until, again=f":{until:%Y%m%d%H%M}")])
        return True
    return False


def _hand_over(row: Outreach) -> None:
    if rules.RULES[row.purpose].falls_to_hand:
        values = {"status": OutreachStatus.BY_HAND, "channel": OutreachChannel.PHONE, "way": ""}
        reason: str = OutreachReason.UNDELIVERABLE
        with transaction.atomic():
            found = Outreach.objects.filter(pk=row.pk, status=OutreachStatus.WAITING)
            if found.update(**values, reason=reason, updated_at=clock.now()):
                _record(ENDED, row, None, status=OutreachStatus.BY_HAND, why=reason)
        return
    _close(row, OutreachStatus.FAILED, OutreachReason.UNDELIVERABLE)


def _close(row: Outreach, status: str, reason: str, *, sent: bool = False) -> None:
    moment = clock.now()
    values: dict[str, Any] = {"status": status, "reason": reason, "ended_at": moment, "updated_at": moment}
    if sent:
        values["sent_at"] = moment
    with transaction.atomic():
        if Outreach.objects.filter(pk=row.pk, status=OutreachStatus.WAITING).update(**values):
            _record(SENT if sent else ENDED, row, None, status=status, why=reason)


def _record(kind: str, row: Outreach, actor: Any, **payload: Any) -> None:
    events.record_customer_event(kind, row.customer_id, actor, outreach=row.pk, purpose=row.purpose, **payload)


@transaction.atomic
def report_contact(*, outreach: Outreach, actor: Any, result: str, note: str = "") -> Outreach:
    """A person spoke with the customer, or tried. After as many tries as the settings say it ends as failed."""
    if not actor.has_perm("customers.handle_outreach"):
        raise NotAllowed(_("您没有处理主动联系的权限。"))
    if result not in ContactResult.values:
        raise field_error("result", _("请选择联系结果。"))
    if len(note) > MAX_NOTE:
        raise field_error("note", _("不能超过 %(limit)s 个字符。") % {"limit": MAX_NOTE})
    row: Outreach = Outreach.objects.select_for_update(of=("self",)).get(pk=outreach.pk)
    if row.status != OutreachStatus.BY_HAND:
        raise Conflict(
            _("这次联系%(status)s，不能再登记。") % {"status": row.get_status_display()}, code="outreach_ended"
        )
    row.attempts += 1
    row.handled_by = actor
    row.note = "\n".join(part for part in (row.note, note.strip()) if part)
    if result == ContactResult.REACHED:
        row.status, row.reason, row.ended_at = OutreachStatus.REACHED, "", clock.now()
        row.sent_at = row.ended_at
    elif row.attempts >= OutreachSettings.current().attempts_max:
        row.status, row.reason, row.ended_at = OutreachStatus.FAILED, OutreachReason.UNREACHABLE, clock.now()
    row.save(update_fields=["attempts", "handled_by", "note", "status", "reason", "ended_at", "sent_at", "updated_at"])
    _record(CONTACTED, row, actor, result=result, attempts=row.attempts, status=row.status)
    return row


@transaction.atomic
def call_off(*, ids: Collection[int], actor: Any, reason: str = OutreachReason.WITHDRAWN) -> int:
    """Take back what has not left yet; returns how many. What is being sent at this moment may still leave."""
    rows = list(Outreach.objects.select_for_update(of=("self",)).filter(pk__in=ids, status__in=PENDING).order_by("pk"))
    moment = clock.now()
    Outreach.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=OutreachStatus.CANCELLED, reason=reason, ended_at=moment, updated_at=moment
    )
    events.record_events(
        [
            events.customer_event(ENDED, row.customer_id, actor, outreach=row.pk, purpose=row.purpose, why=reason)
            for row in rows
        ]
    )
    return len(rows)
