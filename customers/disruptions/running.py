"""Choosing the orders, telling their customers, and applying the plan."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.errors import Conflict, NotAllowed
from core.exports import Column
from core.privacy.masks import mask_name
from core.text import has_forbidden_characters
from core.timers import TimerSpec, arm
from customers import events, outreach
from customers.choices import OrderStatus
from customers.disruptions.plans import plan_amount
from customers.models import Disruption, DisruptionOrder, DisruptionUpdate, Order
from customers.outreach_choices import OutreachPurpose
from customers.recall_choices import DisruptionStatus, PlanKind
from customers.services.validation import clean_line, field_error

CREATED = "disruption.created"
STARTED = "disruption.started"
UPDATED = "disruption.updated"
APPLIED = "disruption.plan_applied"
CHOSEN = "disruption.choice"
CLOSED = "disruption.closed"
TELL_TIMER = "disruption.tell"
SUBJECT = "disruption"
CHUNK = 200
INSERT = 1000
MOST_ORDERS = 50_000
MAX_REASON, MAX_UPDATE, MAX_ALTERNATIVES = 2000, 1000, 8
USUAL_STATUSES = (OrderStatus.PAID, OrderStatus.SHIPPED)


def concerned(values: Mapping[str, Any]) -> Any:
    """The orders a disruption chooses; `values` are named as the columns of its row."""
    rows = Order.objects.filter(
        ordered_at__gte=values["ordered_from"],
        ordered_at__lt=values["ordered_to"],
        status__in=values.get("statuses") or USUAL_STATUSES,
    ).order_by("pk")
    if values.get("shop") is not None:
        rows = rows.filter(shop=values["shop"])
    if values.get("sku"):
        rows = rows.filter(items__sku=values["sku"]).distinct()
    if values.get("carrier") is not None:
        rows = rows.filter(shipments__carrier=values["carrier"]).distinct()
    return rows


@transaction.atomic
def create_disruption(*, actor: Any, values: Mapping[str, Any]) -> Disruption:
    """A draft. Raises InvalidInput naming the field, Conflict when no order is concerned."""
    if not actor.has_perm("customers.add_disruption"):
        raise NotAllowed(_("您没有登记服务中断的权限。"))
    cleaned = _clean(values)
    count = concerned(cleaned).count()
    if not count:
        raise Conflict(_("没有符合条件的订单。"), code="nothing_affected")
    if count > MOST_ORDERS:
        raise field_error("ordered_from", _("符合条件的订单超过 %(n)d 张，请缩小范围。") % {"n": MOST_ORDERS})
    row = Disruption.objects.create(owner=actor, created_at=clock.now(), **cleaned)
    _record(CREATED, row, actor, orders=count)
    return row


@transaction.atomic
def start_disruption(*, disruption: Disruption, actor: Any) -> Disruption:
    """Fix the orders concerned. From then on updates are published to their customers."""
    _guard(actor)
    row = _locked(disruption, DisruptionStatus.DRAFT)
    chosen = concerned_of(row).values_list("pk", flat=True)
    orders = [DisruptionOrder(disruption=row, order_id=pk) for pk in chosen.iterator()]
    DisruptionOrder.objects.bulk_create(orders, batch_size=INSERT)
    row.status, row.started_at = DisruptionStatus.RUNNING, clock.now()
    row.save(update_fields=["status", "started_at", "updated_at"])
    _record(STARTED, row, actor, orders=len(orders), is_drill=row.is_drill)
    return row


_CHOOSING = ("shop", "sku", "carrier", "statuses", "ordered_from", "ordered_to")


def concerned_of(row: Disruption) -> Any:
    """The orders that fit a disruption now."""
    return concerned({name: getattr(row, name) for name in _CHOOSING})


@transaction.atomic
def publish_update(*, disruption: Disruption, actor: Any, text: str, tells_customers: bool = True) -> DisruptionUpdate:
    """Say what is new; every customer concerned hears it once."""
    _guard(actor)
    row = _locked(disruption, DisruptionStatus.RUNNING)
    update = DisruptionUpdate.objects.create(
        disruption=row,
        text=_text("text", text, MAX_UPDATE),
        tells_customers=tells_customers,
        author=actor,
        published_at=clock.now(),
    )
    if tells_customers:
        _arm_telling(update)
    _record(UPDATED, row, actor, update=update.pk)
    return update


def _arm_telling(update: DisruptionUpdate) -> None:
    arm(
        TimerSpec(
            key=f"disruption-update:{update.pk}#{update.told_after}",
            kind=TELL_TIMER,
            due_at=clock.now(),
            subject_type="disruption_update",
            subject_id=update.pk,
        )
    )


@transaction.atomic
def tell_some(*, update_id: int) -> int:
    """Tell the next customers of an update; returns how many orders were looked at."""
    rows = DisruptionUpdate.objects.select_for_update(of=("self",)).select_related("disruption")
    update = rows.filter(pk=update_id).first()
    if update is None:
        return 0
    orders = DisruptionOrder.objects.filter(disruption=update.disruption_id, pk__gt=update.told_after)
    taken = list(orders.select_related("order__customer").order_by("pk")[:CHUNK])
    if not taken:
        return 0
    people = {one.order.customer_id: one.order.customer for one in taken}
    outreach.reach_many(wanted=[_message(update, person) for person in people.values()], actor=update.author)
    update.told_after = taken[-1].pk
    update.save(update_fields=["told_after"])
    if len(taken) == CHUNK:
        _arm_telling(update)
    return len(taken)


def _message(update: DisruptionUpdate, person: Any) -> outreach.Wanted:
    of = update.disruption
    offers = "；".join(of.alternatives)
    tail = _("\n\n您可以选择：%(offers)s。直接回复告诉我们即可。") % {"offers": offers} if offers else ""
    return outreach.Wanted(
        key=f"disruption-update:{update.pk}:{person.pk}",
        customer=person,
        purpose=OutreachPurpose.DISRUPTION,
        title=of.title,
        body=_("您好！%(text)s") % {"text": update.text} + tail,
        subject_type=SUBJECT,
        subject_id=of.pk,
        is_drill=of.is_drill,
    )


@transaction.atomic
def apply_plan(*, disruption: Disruption, actor: Any) -> Decimal:
    """Give every order what the plan says, once for ever; returns the sum. A second time raises Conflict."""
    _guard(actor)
    row = _locked(disruption, DisruptionStatus.RUNNING)
    if row.plan == PlanKind.NONE:
        raise Conflict(_("没有补偿方案可执行。"), code="no_plan")
    if row.plan_applied_at is not None:
        raise Conflict(_("补偿方案已执行过，不能重复执行。"), code="plan_applied")
    moment = clock.now()
    orders = list(DisruptionOrder.objects.filter(disruption=row, applied_at=None).select_related("order"))
    for one in orders:
        one.amount = plan_amount(plan=row.plan, paid=one.order.paid, amount=row.amount, share=row.share, cap=row.cap)
        one.applied_at = moment
    DisruptionOrder.objects.bulk_update(orders, ["amount", "applied_at"], batch_size=INSERT)
    row.plan_applied_at = moment
    row.save(update_fields=["plan_applied_at", "updated_at"])
    total = sum((one.amount or Decimal(0) for one in orders), Decimal(0))
    _record(APPLIED, row, actor, orders=len(orders), total=str(total))
    return total


@transaction.atomic
def choose_alternative(*, disruption_order: DisruptionOrder, actor: Any, choice: str) -> DisruptionOrder:
    """What the customer wants instead; may change until the disruption is closed."""
    if not actor.has_perm("customers.handle_disruption"):
        raise NotAllowed(_("您没有登记客户选择的权限。"))
    rows = DisruptionOrder.objects.select_for_update(of=("self",)).select_related("disruption", "order")
    row: DisruptionOrder = rows.get(pk=disruption_order.pk)
    if row.disruption.status != DisruptionStatus.RUNNING:
        raise Conflict(_("服务中断%(status)s。") % {"status": row.disruption.get_status_display()}, code="state")
    if choice not in row.disruption.alternatives:
        raise field_error("choice", _("请选择已公布的方案。"))
    row.choice, row.chosen_at = choice, clock.now()
    row.save(update_fields=["choice", "chosen_at"])
    events.record_customer_event(
        CHOSEN, row.order.customer_id, actor, disruption=row.disruption_id, order=row.order_id, choice=choice
    )
    return row


@transaction.atomic
def close_disruption(*, disruption: Disruption, actor: Any) -> Disruption:
    _guard(actor)
    row = _locked(disruption, DisruptionStatus.RUNNING)
    row.status, row.closed_at = DisruptionStatus.CLOSED, clock.now()
    row.save(update_fields=["status", "closed_at", "updated_at"])
    _record(CLOSED, row, actor)
    return row


COLUMNS = [
    Column(lazy("店铺"), "order.shop.name"),
    Column(lazy("订单号"), "order.order_no"),
    Column(lazy("客户"), "order.customer.name", mask_name),
    Column(lazy("实付金额"), "order.paid"),
    Column(lazy("补偿金额（元）"), "amount"),
    Column(lazy("方案执行时间"), "applied_at"),
    Column(lazy("客户选择"), "choice"),
]


def rows_for_report(disruption: Disruption, user: Any) -> Any:
    """The orders concerned that the user may see, for the file finance pays by."""
    rows = DisruptionOrder.objects.visible_to(user).filter(disruption=disruption)
    return rows.select_related("order__customer", "order__shop").order_by("pk")


def figures_of(disruption: Disruption) -> dict[str, Any]:
    """Orders concerned, those given something, the sum, and who chose what."""
    rows = DisruptionOrder.objects.filter(disruption=disruption).order_by()
    found = rows.aggregate(
        orders=Count("pk"), applied=Count("applied_at"), total=Sum("amount"), chosen=Count("chosen_at")
    )
    return {**found, "total": found["total"] or Decimal(0)}


def _locked(disruption: Disruption, status: DisruptionStatus) -> Disruption:
    row: Disruption = Disruption.objects.select_for_update(of=("self",)).get(pk=disruption.pk)
    if row.status != status:
        raise Conflict(_("服务中断%(status)s，不能这样做。") % {"status": row.get_status_display()}, code="state")
    return row


def _guard(actor: Any) -> None:
    if not actor.has_perm("customers.start_disruption"):
        raise NotAllowed(_("您没有处理服务中断的权限。"))


def _record(kind: str, row: Disruption, actor: Any, **payload: Any) -> None:
    events.record_events([events.subject_event(kind, SUBJECT, row.pk, actor, **payload)])


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = dict(values)
    cleaned["title"] = clean_line(cleaned.get("title"), field="title", limit=100)
    if not cleaned["title"]:
        raise field_error("title", _("请填写标题。"))
    cleaned["reason"] = _text("reason", cleaned.get("reason"), MAX_REASON)
    cleaned["sku"] = clean_line(cleaned.get("sku"), field="sku", limit=100)
    if cleaned.get("ordered_from") is None or cleaned.get("ordered_to") is None:
        raise field_error("ordered_from", _("请填写下单时间范围。"))
    if cleaned["ordered_to"] <= cleaned["ordered_from"]:
        raise field_error("ordered_to", _("结束时间须晚于开始时间。"))
    cleaned["statuses"] = list(cleaned.get("statuses") or USUAL_STATUSES)
    if set(cleaned["statuses"]) - set(OrderStatus.values):
        raise field_error("statuses", _("请选择订单状态。"))
    cleaned["alternatives"] = _alternatives(cleaned.get("alternatives") or [])
    _check_plan(cleaned)
    return cleaned


def _alternatives(given: Sequence[str]) -> list[str]:
    cleaned = [clean_line(one, field="alternatives", limit=60) for one in given]
    found = list(dict.fromkeys(one for one in cleaned if one))
    if len(found) > MAX_ALTERNATIVES:
        raise field_error("alternatives", _("最多 %(n)d 个方案。") % {"n": MAX_ALTERNATIVES})
    return found


def _check_plan(cleaned: dict[str, Any]) -> None:
    plan = cleaned.setdefault("plan", PlanKind.NONE)
    if plan not in PlanKind.values:
        raise field_error("plan", _("请选择补偿方案。"))
    amount, share, cap = cleaned.get("amount"), cleaned.get("share"), cleaned.get("cap")
    if plan == PlanKind.FIXED and (amount is None or amount <= 0):
        raise field_error("amount", _("请填写大于 0 的金额。"))
    if plan == PlanKind.SHARE and (share is None or not 0 < share <= 1):
        raise field_error("share", _("比例须大于 0，最多为 1。"))
    if cap is not None and cap <= 0:
        raise field_error("cap", _("上限须大于 0。"))
    cleaned["amount"] = amount if plan == PlanKind.FIXED else None
    cleaned["share"] = share if plan == PlanKind.SHARE else None


def _text(field: str, value: str | None, limit: int) -> str:
    cleaned = (value or "").strip()
    if not cleaned:
        raise field_error(field, _("请填写内容。"))
    if len(cleaned) > limit or has_forbidden_characters(cleaned, multiline=True):
        raise field_error(field, _("不能超过 %(limit)s 个字符，也不能含控制字符。") % {"limit": limit})
    return cleaned
