"""Parcels of the story, what went wrong with some, a drill of a recall and a storm at a carrier."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crm.staff.models import User
from crm.workbench.demo.shop import FADING, FADING_BATCH
from customers.choices import OrderStatus
from customers.disruptions import running as disruptions
from customers.models import Order, Shipment
from customers.recalls import progress
from customers.recalls import running as recalls
from customers.shipments import carriers, exceptions, tracking
from customers.shipments.recording import NodeValues, record_shipment

PARCELS = 24
#: Carriers of the story and how their numbers begin; the rest is counted up.
_CARRIERS = (("sf", "SF", 13), ("zto", "7531", 10), ("yto", "YT", 13), ("jd", "JDX", 12), ("jt", "JT", 13))
#: Hours before the end at which the last of these parcels moved, longer than anybody has patience.
_STALLED = {1: 70, 4: 55}
_FAILED, _LOST = 2, 6
_HUBS = ("杭州余杭", "上海青浦转运中心", "南京江宁转运中心", "武汉东西湖转运中心")


def show_logistics(*, staff: Mapping[str, User], end: datetime) -> None:
    """Put the newest orders into parcels; then the drill and the disruption. All of it is noted at the end."""
    carriers.ensure_carriers()
    sent = Order.objects.filter(status__in=[OrderStatus.SHIPPED, OrderStatus.SIGNED], shipped_at__lt=end)
    orders = list(sent.select_related("customer", "shop").order_by("-ordered_at", "-pk")[:PARCELS])
    for number, order in enumerate(order for order in orders if order.status == OrderStatus.SHIPPED):
        _on_the_way(order, number, end)
    for number, order in enumerate(order for order in orders if order.status == OrderStatus.SIGNED):
        _parcel(order, number + 40, [*_way(order, order.signed_at or end)], end)
    _drill(staff, end)
    _storm(staff, end)


def _parcel(order: Order, number: int, nodes: list[NodeValues], end: datetime) -> Shipment:
    key, begin, digits = _CARRIERS[number % len(_CARRIERS)]
    number_text = f"{begin}{4_203_771_880_000 + number * 7_919:0{digits}d}"[: len(begin) + digits]
    carrier = carriers.carrier_named(key)
    assert tracking.looks_right(number_text, carrier.pattern), number_text
    made, _new = record_shipment(
        actor=None,
        order=order,
        carrier=carrier,
        tracking_no=number_text,
        nodes=[one for one in nodes if one.at <= end],
    )
    return made


def _way(order: Order, arrives_at: datetime) -> list[NodeValues]:
    """Picked up, through a hub, and delivered at `arrives_at` when the order says so."""
    begin = order.shipped_at or order.ordered_at
    way = [
        NodeValues(kind="picked_up", at=begin, place=_HUBS[0], text="快件已揽收"),
        NodeValues(kind="in_transit", at=begin + (arrives_at - begin) / 2, place=_HUBS[1], text="到达转运中心"),
    ]
    if order.status == OrderStatus.SIGNED:
        way.append(NodeValues(kind="delivered", at=arrives_at, text="已签收，签收人：本人"))
    return way


def _on_the_way(order: Order, number: int, end: datetime) -> None:
    begin = order.shipped_at or order.ordered_at
    hub = _HUBS[1 + number % 3]
    if number in _STALLED:
        last = max(begin, end - timedelta(hours=_STALLED[number]))
        row = _parcel(order, number, [NodeValues(kind="in_transit", at=last, place=hub, text="已到达转运中心")], end)
        if last + timedelta(hours=48) <= end:
            exceptions.parcel_stalled(shipment_id=row.pk)
        return
    latest = max(begin, end - timedelta(hours=3 + number % 5))
    nodes = [NodeValues(kind="picked_up", at=begin, place=_HUBS[0], text="快件已揽收")]
    if number == _FAILED:
        nodes.append(NodeValues(kind="delivery_failed", at=latest, place="上海徐汇", text="收件人不在家，改约派送"))
    elif number == _LOST:
        nodes.append(NodeValues(kind="lost", at=latest, place=hub, text="快件查无下落"))
    else:
        nodes.append(NodeValues(kind="in_transit", at=latest, place=hub, text="离开转运中心"))
    _parcel(order, number, nodes, end)


def _drill(staff: Mapping[str, User], end: datetime) -> None:
    """The team practised a recall of the fading batch; nobody outside heard of it."""
    plan: dict[str, Any] = {
        "title": FADING.name,
        "sku": FADING.sku,
        "batches": [FADING_BATCH],
        "reason": "染色牢度不足，贴身使用可能刺激皮肤",
        "our_role": "seller",
        "remedy": "exchange",
        "instructions": "停止使用，回复本消息，我们安排上门取件并换新。",
        "discovered_at": end - timedelta(hours=20),
        "is_drill": True,
    }
    head = staff["supervisor"]
    recall = recalls.start_recall(recall=recalls.create_recall(actor=head, values=plan), actor=head)
    while recalls.notify_some(recall_id=recall.pk):
        pass
    recalls.change_duty(duty=recall.duties.get(rule="S-01"), actor=head, done=True)
    steps = ("remedied", "returned", "returned", "reached", "reached")
    for row, step in zip(recall.orders.order_by("pk"), steps, strict=False):
        progress.mark_order(recall_order=row, actor=staff["agent"], step=step)


def _storm(staff: Mapping[str, User], end: datetime) -> None:
    """A storm at a carrier: what is said inside, and a plan that waits for its moment."""
    values: dict[str, Any] = {
        "title": "华东暴雨，快件延误",
        "reason": "华东部分转运中心因暴雨停运，预计延误一至两天。",
        "statuses": ["paid", "shipped"],
        "ordered_from": end - timedelta(days=5),
        "ordered_to": end,
        "plan": "fixed",
        "amount": 5,
        "alternatives": ["改发其他仓", "取消订单并全额退款"],
    }
    head = staff["supervisor"]
    row = disruptions.start_disruption(disruption=disruptions.create_disruption(actor=head, values=values), actor=head)
    text = "青浦转运中心预计明早恢复，恢复后再通知客户。"
    disruptions.publish_update(disruption=row, actor=head, text=text, tells_customers=False)
