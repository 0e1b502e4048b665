"""From a draft to the notices and back to a conclusion."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.calendars.arithmetic import CalendarDataMissing
from core.calendars.services import legal_schedule
from core.errors import Conflict, InvalidInput, NotAllowed
from core.text import has_forbidden_characters
from core.timers import TimerSpec, arm
from customers import events, outreach
from customers.models import Customer, Recall, RecallDuty, RecallOrder
from customers.outreach import ways
from customers.outreach_choices import OutreachChannel, OutreachPurpose
from customers.recall_choices import OurRole, RecallRemedy, RecallStatus
from customers.recalls.duties import duties_of
from customers.recalls.scope import affected, clean_batches, scope_of
from customers.services.validation import clean_line, field_error

CREATED = "recall.created"
STARTED = "recall.started"
CLOSED = "recall.closed"
DUTY_DONE = "recall.duty_done"
DUTY_DUE = "recall.duty_due"
NOTIFY_TIMER = "recall.notify"
DUTY_TIMER = "recall.duty"
SUBJECT = "recall"
CHUNK = 200
INSERT = 1000
MAX_TEXT = 2000
#: What is tried when the plan names nothing.
USUAL_CHANNELS = (OutreachChannel.CONVERSATION, OutreachChannel.EMAIL)


@transaction.atomic
def create_recall(*, actor: Any, values: Mapping[str, Any]) -> Recall:
    """A draft with its plan and its duties; the clock of the law runs from the discovery, not from the start.

    Raises InvalidInput naming the field, also for a product or batch that was never sold.
    """
    if not actor.has_perm("customers.add_recall"):
        raise NotAllowed(_("您没有新建召回的权限。"))
    cleaned = _clean(values)
    recall = Recall.objects.create(owner=actor, created_at=clock.now(), **cleaned)
    _fix_orders(recall)
    _write_duties(recall)
    _record(CREATED, recall, actor, sku=recall.sku, batches=recall.batches)
    return recall


def _fix_orders(recall: Recall) -> int:
    """Write down whom it concerns now: to be looked at in the draft, and for good at the start."""
    scope = scope_of(sku=recall.sku, batches=recall.batches)
    found = affected(sku=recall.sku, batches=recall.batches, scope=scope, includes_unknown=recall.includes_unknown)
    RecallOrder.objects.filter(recall=recall).delete()
    rows = [
        RecallOrder(
            recall=recall,
            order_id=one["order_id"],
            batches=[batch for batch in one["found"] if batch],
            quantity=one["units"],
            is_unknown=one["found"] == [""],
        )
        for one in found.iterator()
    ]
    RecallOrder.objects.bulk_create(rows, batch_size=INSERT)
    return len(rows)


def _write_duties(recall: Recall) -> None:
    try:
        dues = duties_of(
            role=recall.our_role,
            is_serious=recall.is_serious,
            discovered_at=recall.discovered_at,
            workdays=legal_schedule(),
        )
    except CalendarDataMissing as error:
        raise InvalidInput(_("缺少该年的法定节假日，无法计算法定期限。"), code="calendar_missing") from error
    for due in dues:
        row = RecallDuty.objects.create(
            recall=recall,
            rule=due.duty.rule,
            what=due.duty.what,
            basis=due.duty.basis,
            clock=due.clock,
            due_at=due.due_at,
            is_certain=due.duty.is_certain,
            is_enabled=due.duty.is_certain,
        )
        if row.is_enabled:
            _arm_duty(row)


def _arm_duty(row: RecallDuty) -> None:
    arm(
        TimerSpec(
            key=f"recall-duty:{row.pk}",
            kind=DUTY_TIMER,
            due_at=row.due_at,
            subject_type="recall_duty",
            subject_id=row.pk,
        )
    )


@transaction.atomic
def start_recall(*, recall: Recall, actor: Any) -> Recall:
    """Fix who is concerned and begin to tell them. A second start is refused."""
    if not actor.has_perm("customers.start_recall"):
        raise NotAllowed(_("您没有启动召回的权限。"))
    row = _locked(recall, RecallStatus.DRAFT)
    count = _fix_orders(row)
    row.status, row.started_at = RecallStatus.RUNNING, clock.now()
    row.save(update_fields=["status", "started_at", "updated_at"])
    arm(TimerSpec(key=f"recall:{row.pk}:notify", kind=NOTIFY_TIMER, due_at=clock.now(), payload={"recall": row.pk}))
    _record(STARTED, row, actor, orders=count, is_drill=row.is_drill)
    return row


@transaction.atomic
def notify_some(*, recall_id: int) -> int:
    """Ask outreach to tell the next customers; returns how many orders were taken.

    Any number of workers may run it at once: a row is taken by one, and a customer's message has one key.
    """
    recall = Recall.objects.filter(pk=recall_id, status=RecallStatus.RUNNING).first()
    if recall is None:
        return 0
    waiting = RecallOrder.objects.filter(recall=recall, asked_at=None).order_by("pk")
    taken = list(waiting.select_for_update(skip_locked=True, of=("self",)).select_related("order__customer")[:CHUNK])
    if not taken:
        return 0
    people = {row.order.customer_id: row.order.customer for row in taken}
    outreach.reach_many(wanted=_messages(recall, list(people.values())), actor=None)
    RecallOrder.objects.filter(pk__in=[row.pk for row in taken]).update(asked_at=clock.now())
    return len(taken)


def notify_next(*, key: str, recall_id: int) -> None:
    """One chunk, and the timer of the next one."""
    if notify_some(recall_id=recall_id):
        last = RecallOrder.objects.filter(recall=recall_id, asked_at__isnull=False).count()
        base = key.rsplit("#", 1)[0]
        arm(TimerSpec(key=f"{base}#{last}", kind=NOTIFY_TIMER, due_at=clock.now(), payload={"recall": recall_id}))


def _messages(recall: Recall, people: Sequence[Customer]) -> list[outreach.Wanted]:
    """One for each customer and channel that reaches them; who is reached by none is called."""
    channels = recall.channels or list(USUAL_CHANNELS)
    reached = {channel: {pk for way in ways.offered(channel) for pk in way.reaches(people)} for channel in channels}
    wanted = []
    for person in people:
        fitting = [channel for channel in channels if person.pk in reached[channel]]
        if not fitting or OutreachChannel.PHONE in channels:
            fitting.append(OutreachChannel.PHONE)
        wanted += [_message(recall, person, channel) for channel in fitting]
    return wanted


def _message(recall: Recall, person: Customer, channel: str) -> outreach.Wanted:
    return outreach.Wanted(
        key=f"recall:{recall.pk}:{person.pk}:{channel}",
        customer=person,
        purpose=OutreachPurpose.RECALL,
        title=_("召回通知：%(title)s") % {"title": recall.title},
        body=notice_text(recall),
        channels=[channel],
        subject_type=SUBJECT,
        subject_id=recall.pk,
        is_drill=recall.is_drill,
    )


def notice_text(recall: Recall) -> str:
    """What the customer reads: what, why, what to do, and what it costs (nothing: the law, CRPL 19)."""
    return _(
        "您好！您购买的商品（编码 %(sku)s，批次 %(batches)s）存在安全风险，现予召回，请立即停止使用。\n\n"
        "风险：%(reason)s\n处理方式：%(remedy)s\n您需要做的：%(instructions)s\n\n"
        "因召回产生的运费等必要费用由我们承担。给您带来不便，非常抱歉。"
    ) % {
        "sku": recall.sku,
        "batches": "、".join(recall.batches),
        "reason": recall.reason,
        "remedy": RecallRemedy(recall.remedy).label,
        "instructions": recall.instructions,
    }


@transaction.atomic
def close_recall(*, recall: Recall, actor: Any, conclusion: str) -> Recall:
    """End it with a conclusion. What is not settled by then stays visible in the report."""
    if not actor.has_perm("customers.start_recall"):
        raise NotAllowed(_("您没有结束召回的权限。"))
    text = _text("conclusion", conclusion)
    row = _locked(recall, RecallStatus.RUNNING)
    if RecallOrder.objects.filter(recall=row, asked_at=None).exists():
        raise Conflict(_("还有客户没有通知，不能结束。"), code="still_notifying")
    row.status, row.closed_at, row.conclusion = RecallStatus.CLOSED, clock.now(), text
    row.save(update_fields=["status", "closed_at", "conclusion", "updated_at"])
    _record(CLOSED, row, actor)
    return row


@transaction.atomic
def change_duty(*, duty: RecallDuty, actor: Any, done: bool = False, enabled: bool | None = None) -> RecallDuty:
    """A duty was done, or one that we were not sure of holds after all."""
    if not actor.has_perm("customers.handle_recall"):
        raise NotAllowed(_("您没有登记召回进展的权限。"))
    row: RecallDuty = RecallDuty.objects.select_for_update(of=("self",)).select_related("recall").get(pk=duty.pk)
    if row.done_at is not None:
        raise Conflict(_("这项义务已完成。"), code="duty_done")
    if enabled is not None and enabled != row.is_enabled:
        row.is_enabled = enabled
        if enabled:
            _arm_duty(row)
    if done:
        row.done_at, row.done_by = clock.now(), actor
        _record(DUTY_DONE, row.recall, actor, duty=row.pk, rule=row.rule, is_late=row.done_at > row.due_at)
    row.save(update_fields=["is_enabled", "done_at", "done_by"])
    return row


def duty_became_due(*, duty_id: int) -> None:
    """The last moment of a duty has come and it is not done: that stands in the history."""
    row = RecallDuty.objects.select_related("recall").filter(pk=duty_id, done_at=None, is_enabled=True).first()
    if row is not None and row.recall.status != RecallStatus.CLOSED:
        _record(DUTY_DUE, row.recall, None, duty=row.pk, rule=row.rule)


def _locked(recall: Recall, status: RecallStatus) -> Recall:
    row: Recall = Recall.objects.select_for_update(of=("self",)).get(pk=recall.pk)
    if row.status != status:
        raise Conflict(_("召回%(status)s，不能这样做。") % {"status": row.get_status_display()}, code="recall_state")
    return row


def _record(kind: str, recall: Recall, actor: Any, **payload: Any) -> None:
    events.record_events([events.subject_event(kind, SUBJECT, recall.pk, actor, **payload)])


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = dict(values)
    cleaned["title"] = clean_line(cleaned.get("title"), field="title", limit=100)
    if not cleaned["title"]:
        raise field_error("title", _("请填写标题。"))
    cleaned["sku"] = clean_line(cleaned.get("sku"), field="sku", limit=100)
    cleaned["batches"] = clean_batches(cleaned.get("batches") or [])
    for name in ("reason", "instructions"):
        cleaned[name] = _text(name, cleaned.get(name))
    for name, choices in (("our_role", OurRole), ("remedy", RecallRemedy)):
        if cleaned.get(name) not in choices.values:
            raise field_error(name, _("请选择。"))
    cleaned["channels"] = list(dict.fromkeys(cleaned.get("channels") or USUAL_CHANNELS))
    if set(cleaned["channels"]) - set(OutreachChannel.values):
        raise field_error("channels", _("请选择联系方式。"))
    discovered_at = cleaned.setdefault("discovered_at", clock.now())
    if discovered_at > clock.now():
        raise field_error("discovered_at", _("发现时间不能晚于现在。"))
    return cleaned


def _text(field: str, value: str | None) -> str:
    cleaned = (value or "").strip()
    if not cleaned:
        raise field_error(field, _("请填写内容。"))
    if len(cleaned) > MAX_TEXT or has_forbidden_characters(cleaned, multiline=True):
        raise field_error(field, _("不能超过 %(limit)s 个字符，也不能含控制字符。") % {"limit": MAX_TEXT})
    return cleaned
