"""How far a recall is: notified, reached, returned, remedied; order by order, and in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core import clock
from core.errors import Conflict, NotAllowed
from core.exports import Column
from core.privacy.masks import mask_name, mask_phone
from customers import events
from customers.models import Recall, RecallOrder
from customers.recall_choices import AffectedStatus, RecallStatus
from customers.services.validation import clean_line, field_error

MARKED = "recall.order_marked"
MAX_NOTE = 300
#: What a person may note, and the column that holds it.
STEPS = {
    AffectedStatus.REACHED: "reached_at",
    AffectedStatus.RETURNED: "returned_at",
    AffectedStatus.REMEDIED: "remedied_at",
}


@dataclass(frozen=True)
class Progress:
    """Orders at each step. Shares are fractions of all orders concerned."""

    total: int
    asked: int
    notified: int
    undelivered: int
    reached: int
    returned: int
    remedied: int

    def share(self, count: int) -> float:
        return count / self.total if self.total else 0.0

    def shares(self) -> dict[str, float]:
        return {name: self.share(getattr(self, name)) for name in ("notified", "reached", "returned", "remedied")}


def progress_of(recall: Recall) -> Progress:
    """One statement over the orders of this recall."""
    rows = RecallOrder.objects.filter(recall=recall).with_notices().order_by()
    reached = (
        Q(is_spoken=True) | Q(reached_at__isnull=False) | Q(returned_at__isnull=False) | Q(remedied_at__isnull=False)
    )
    found = rows.aggregate(
        total=Count("pk"),
        asked=Count("pk", filter=Q(asked_at__isnull=False)),
        notified=Count("pk", filter=Q(is_notified=True) | reached),
        undelivered=Count("pk", filter=Q(is_undelivered=True, is_notified=False) & ~reached),
        reached=Count("pk", filter=reached),
        returned=Count("pk", filter=Q(returned_at__isnull=False)),
        remedied=Count("pk", filter=Q(remedied_at__isnull=False)),
    )
    return Progress(**found)


def step_of(row: Any) -> str:
    """How far one order is; the row comes from `with_notices`."""
    if row.remedied_at is not None:
        return AffectedStatus.REMEDIED
    if row.returned_at is not None:
        return AffectedStatus.RETURNED
    if row.reached_at is not None or row.is_spoken:
        return AffectedStatus.REACHED
    if row.is_notified:
        return AffectedStatus.NOTIFIED
    return AffectedStatus.UNDELIVERED if row.is_undelivered else AffectedStatus.PENDING


@transaction.atomic
def settle(*, recall_order: RecallOrder, moments: Mapping[str, datetime], note: str) -> None:
    """What happened elsewhere in the house moves the order on; what is noted already stays, moment and words.

    `moments`: a step of `STEPS` and when it was done. A recall that is not running is left alone.
    """
    rows = RecallOrder.objects.select_for_update(of=("self",)).select_related("recall", "order")
    row: RecallOrder = rows.get(pk=recall_order.pk)
    fresh = [step for step in moments if getattr(row, STEPS[AffectedStatus(step)]) is None]
    if row.recall.status != RecallStatus.RUNNING or not fresh:
        return
    for step in fresh:
        setattr(row, STEPS[AffectedStatus(step)], moments[step])
    row.note = row.note or note[:MAX_NOTE]
    row.save(update_fields=[*(STEPS[AffectedStatus(step)] for step in fresh), "note", "updated_at"])
    events.record_events(
        [
            events.customer_event(
                MARKED, row.order.customer_id, None, recall=row.recall_id, order=row.order_id, step=str(step)
            )
            for step in fresh
        ]
    )


@transaction.atomic
def mark_order(*, recall_order: RecallOrder, actor: Any, step: str, note: str = "") -> RecallOrder:
    """Somebody reached the customer, has the goods back, or made it good. Noted twice, the first moment stays."""
    if not actor.has_perm("customers.handle_recall"):
        raise NotAllowed(_("您没有登记召回进展的权限。"))
    if step not in STEPS:
        raise field_error("step", _("请选择已联系到、已退回或已补救。"))
    rows = RecallOrder.objects.select_for_update(of=("self",)).select_related("recall", "order")
    row: RecallOrder = rows.get(pk=recall_order.pk)
    if row.recall.status != RecallStatus.RUNNING:
        raise Conflict(
            _("召回%(status)s，不能登记。") % {"status": row.recall.get_status_display()}, code="recall_state"
        )
    column = STEPS[AffectedStatus(step)]
    moment: datetime = getattr(row, column) or clock.now()
    setattr(row, column, moment)
    row.handled_by = actor
    row.note = clean_line(note, field="note", limit=MAX_NOTE) or row.note
    row.save(update_fields=[column, "handled_by", "note", "updated_at"])
    events.record_customer_event(
        MARKED, row.order.customer_id, actor, recall=row.recall_id, order=row.order_id, step=step
    )
    return row


COLUMNS = [
    Column(lazy("店铺"), "order.shop.name"),
    Column(lazy("订单号"), "order.order_no"),
    Column(lazy("客户"), "order.customer.name", mask_name),
    Column(lazy("手机号"), "order.customer.phone", mask_phone),
    Column(lazy("批次"), lambda row: "、".join(row.batches) or _("未登记")),
    Column(lazy("数量"), "quantity"),
    Column(lazy("进展"), lambda row: AffectedStatus(step_of(row)).label),
    Column(lazy("交付通知时间"), "asked_at"),
    Column(lazy("联系到时间"), "reached_at"),
    Column(lazy("退回时间"), "returned_at"),
    Column(lazy("补救时间"), "remedied_at"),
    Column(lazy("备注"), "note"),
]


def rows_for_report(recall: Recall, user: Any) -> Any:
    """The orders of the recall that the user may see, for the file."""
    rows = RecallOrder.objects.visible_to(user).filter(recall=recall).with_notices()
    return rows.select_related("order__customer", "order__shop").order_by("pk")
