"""Parcels: numbers checked by carrier, tracks, what stands still, and the customer told first."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.errors import Conflict, InvalidInput
from core.outbox import OutboxItem
from core.timers import fire_due
from crm.staff.models import User
from customers.history import history_of
from customers.models import Customer, Order, Outreach, Shipment, ShipmentException, Shop
from customers.services import create_customer, upsert_order
from customers.shipments import carriers, exceptions, tracking
from customers.shipments.files import import_file
from customers.shipments.recording import NodeValues, add_nodes, record_shipment
from tests.scripts_library.factories import make_script

NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NUMBER = "SF1234567890123"


@pytest.fixture
def customer(db: None, agent: User) -> Customer:
    changes: Any = {"name": "陈静", "phone": "13800138000", "email": "chen@example.com"}
    return create_customer(actor=agent, changes=changes)


@pytest.fixture
def order(customer: Customer, agent: User) -> Order:
    shop = Shop.objects.create(key="own", name="官网", platform="own")
    with clock.at(NOON - 24 * HOUR):
        made, _is_new = upsert_order(
            actor=agent,
            shop=shop,
            order_no="A-1",
            customer=customer,
            values={"status": "shipped", "ordered_at": NOON - 24 * HOUR, "paid": Decimal(99)},
            items=[{"sku": "CUP", "name": "杯子", "quantity": 1, "price": Decimal(99)}],
        )
    return made


def node(kind: str, at: datetime, text: str = "") -> NodeValues:
    return NodeValues(kind=kind, at=at, place="杭州", text=text)


def parcel(
    order: Order, *nodes: NodeValues, at: datetime = NOON, number: str = NUMBER, carrier: str = "sf"
) -> Shipment:
    with clock.at(at):
        made, _is_new = record_shipment(
            actor=None, order=order, carrier=carriers.carrier_named(carrier), tracking_no=number, nodes=nodes
        )
    return made


def fire(at: datetime) -> None:
    fire_due(now=at)


@pytest.mark.capability("D03")
@pytest.mark.parametrize(
    ("carrier", "number", "is_right"),
    [
        ("sf", "SF1234567890123", True),
        ("sf", "sf 1234 5678 90123", True),
        ("sf", "SF12345", False),
        ("yto", "YT1234567890123", True),
        ("yto", "YT12", False),
        ("jt", "JT1234567890123", True),
        ("jt", "JTX234567890123", False),
        ("zto", "75312345678901", True),
        ("zto", "7531234567890A", False),
        ("jd", "JDX012345678901-1-1", True),
        ("ems", "EB123456785CN", True),
        ("ems", "EB123456784CN", False),
        ("deppon", "DPK364123456789", True),
        ("other", "ABC-12345", True),
        ("other", "A'; drop", False),
    ],
)
def test_numbers_are_checked_by_carrier(carrier: str, number: str, is_right: bool) -> None:
    assert tracking.looks_right(tracking.normalise(number), tracking.BY_KEY[carrier].pattern) is is_right


def test_every_preset_takes_its_own_example() -> None:
    assert all(tracking.looks_right(one.example, one.pattern) for one in tracking.PRESETS if one.example)


@pytest.mark.capability("D03")
def test_a_wrong_number_is_refused_with_the_field_and_an_example(order: Order) -> None:
    with pytest.raises(InvalidInput) as refused:
        parcel(order, number="12345")
    assert "tracking_no" in refused.value.fields
    assert "SF1234567890123" in refused.value.message
    with pytest.raises(InvalidInput) as unknown:
        parcel(order, carrier="鸽子快递")
    assert "carrier" in unknown.value.fields


@pytest.mark.capability("D03")
def test_nodes_in_any_order_and_twice_give_one_track(order: Order) -> None:
    late, early = node("in_transit", NOON - HOUR, "司机 13912345678"), node("picked_up", NOON - 3 * HOUR)
    row = parcel(order, late)
    with clock.at(NOON):
        add_nodes(shipment=row, actor=None, nodes=[early, late, early])
    row.refresh_from_db()
    assert [one.kind for one in row.nodes.all()] == ["in_transit", "picked_up"]
    assert (row.stage, row.moved_at) == ("in_transit", NOON - HOUR)
    assert "13912345678" not in row.nodes.all()[0].text
    with pytest.raises(InvalidInput), clock.at(NOON):
        add_nodes(shipment=row, actor=None, nodes=[node("delivered", NOON + HOUR)])


@pytest.mark.capability("D03")
@pytest.mark.capability("D12")
def test_what_stands_still_becomes_an_exception_with_a_task_and_a_notice(order: Order) -> None:
    row = parcel(order, node("in_transit", NOON))
    fire(NOON + 48 * HOUR - timedelta(seconds=1))
    assert not ShipmentException.objects.exists()
    fire(NOON + 48 * HOUR)
    found = ShipmentException.objects.select_related("outreach").get(shipment=row)
    assert (found.kind, found.status, found.since) == ("stalled", "open", NOON)
    assert found.due_at > NOON + 48 * HOUR
    assert found.offers == ["urge", "resend", "refund", "wait"]
    assert found.outreach is not None
    assert "A-1" in found.outreach.body
    assert "补发" in found.outreach.body
    assert OutboxItem.objects.filter(kind="outreach").count() == 1
    fire(NOON + 99 * HOUR)
    assert ShipmentException.objects.count() == Outreach.objects.count() == 1


@pytest.mark.capability("D03")
def test_the_patience_is_by_carrier_and_stage_and_can_be_changed(order: Order, supervisor: User) -> None:
    row = parcel(order, node("in_transit", NOON))
    with clock.at(NOON):
        rule = carriers.save_stall_rule(
            rule=None,
            actor=supervisor,
            changes={"carrier": row.carrier, "stage": "in_transit", "hours": 10, "tells_customer": False},
        )
    fire(NOON + HOUR)
    fire(NOON + 10 * HOUR)
    found = ShipmentException.objects.select_related("outreach").get()
    assert found.outreach is not None
    assert found.outreach.status == "by_hand"
    with pytest.raises(Conflict):
        carriers.save_stall_rule(
            rule=None, actor=supervisor, changes={"carrier": row.carrier, "stage": "in_transit", "hours": 5}
        )
    with pytest.raises(InvalidInput):
        carriers.save_stall_rule(rule=rule, actor=supervisor, changes={"stage": "delivered"})


@pytest.mark.capability("D12")
def test_moving_on_resolves_closes_the_task_and_stops_what_waits(order: Order) -> None:
    night = datetime(2026, 11, 16, 14, 0, tzinfo=UTC)
    row = parcel(order, node("in_transit", night - 48 * HOUR), at=night - HOUR)
    fire(night)
    found = ShipmentException.objects.select_related("outreach").get()
    assert found.outreach is not None
    assert found.outreach.status == "waiting"
    with clock.at(night + HOUR):
        add_nodes(shipment=row, actor=None, nodes=[node("out_for_delivery", night + HOUR)])
    found.refresh_from_db()
    assert (found.status, found.resolution) == ("resolved", "moved")
    assert (Outreach.objects.get().status, Outreach.objects.get().reason) == ("cancelled", "settled")


@pytest.mark.capability("D12")
def test_what_the_carrier_reports_as_lost_is_told_at_once(order: Order) -> None:
    parcel(order, node("picked_up", NOON - 3 * HOUR), node("lost", NOON - HOUR))
    found = ShipmentException.objects.get()
    assert (found.kind, found.offers) == ("lost", ["resend", "refund"])


def test_delivered_ends_everything_and_signs_the_order(order: Order) -> None:
    row = parcel(order, node("delivery_failed", NOON - HOUR))
    with clock.at(NOON):
        add_nodes(shipment=row, actor=None, nodes=[node("delivered", NOON)])
    order.refresh_from_db()
    assert (order.status, order.signed_at) == ("signed", NOON)
    assert ShipmentException.objects.get().resolution == "delivered"
    fire(NOON + 999 * HOUR)
    assert ShipmentException.objects.count() == 1


@pytest.mark.capability("D12")
def test_the_published_script_is_what_the_customer_reads(order: Order, lead: User, supervisor: User) -> None:
    body = "{{customer_name}}您好，{{carrier}} {{tracking_no}} 已确认丢失：{{solution}}"
    make_script(author=lead, reviewer=supervisor, key="logistics.lost", body=body)
    parcel(order, node("lost", NOON))
    found = ShipmentException.objects.select_related("outreach").get()
    assert found.outreach is not None
    assert found.outreach.body == f"陈静您好，顺丰速运 {NUMBER} 已确认丢失：1. 补发；2. 退款"
    assert found.script == "logistics.lost v1"


@pytest.mark.capability("D12")
def test_a_person_resolves_it_once_and_with_a_result(order: Order, agent: User) -> None:
    parcel(order, node("lost", NOON))
    row = exceptions.take_exception(exception=ShipmentException.objects.get(), actor=agent)
    assert (row.status, row.assignee) == ("handling", agent)
    with pytest.raises(InvalidInput):
        exceptions.resolve_exception(exception=row, actor=agent, resolution="moved")
    row = exceptions.resolve_exception(exception=row, actor=agent, resolution="resend", note="已补发")
    assert (row.status, row.resolved_by) == ("resolved", agent)
    with pytest.raises(Conflict):
        exceptions.resolve_exception(exception=row, actor=agent, resolution="refund")
    told = [line.sentence for line in history_of(order.customer)]
    assert told[0] == "物流异常已解决：补发"
    assert "物流异常：丢失" in told
    assert not [sentence for sentence in told if "order." in sentence or "customer." in sentence]


@pytest.mark.capability("D14")
def test_a_file_gives_parcels_and_names_bad_lines(order: Order, agent: User) -> None:
    text = (
        "店铺编码,订单号,快递公司,运单号,节点,节点时间,地点,说明\n"
        f"own,A-1,顺丰速运,{NUMBER},已揽收,2026-11-15 18:20,杭州,\n"
        f"own,A-1,顺丰速运,{NUMBER},运输中,2026/11/16 06:05,上海,\n"
        "own,A-1,顺丰速运,123,,,,\n"
        "own,B-9,sf,SF1234567890124,,,,\n"
        f"own,A-1,sf,{NUMBER},飞行中,2026-11-16 06:05,,\n"
    )
    with clock.at(NOON):
        result = import_file(upload=SimpleUploadedFile("物流.csv", text.encode()), actor=agent)
        again = import_file(upload=SimpleUploadedFile("物流.csv", text.encode()), actor=agent)
    assert (result.taken, result.made, again.made) == (1, 1, 0)
    assert [(error.line, error.field) for error in result.errors] == [(4, "tracking_no"), (5, "order_no"), (6, "kind")]
    row = Shipment.objects.get()
    assert (row.stage, row.nodes.count()) == ("in_transit", 2)


@pytest.mark.capability("D14")
def test_a_wrong_header_is_one_readable_sentence(agent: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        import_file(upload=SimpleUploadedFile("物流.csv", "单号,公司\n1,2\n".encode()), actor=agent)
    assert "表头缺少" in refused.value.message
    assert "运单号" in refused.value.message
