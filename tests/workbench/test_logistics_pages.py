"""Pages of parcels and recalls: what a person sees and does there."""

from typing import Any

import pytest

from customers.models import Outreach, ShipmentException
from tests.workbench.conftest import text
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.capability("D11")
def test_the_report_names_every_order_and_how_far_it_is(world: World) -> None:
    answer: Any = world.browser("supervisor").get(world.address("/recalls/{recall}/report/?format=csv"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("店铺,订单号,客户,手机号,批次,数量,进展")
    assert "TB20261118001" in lines[1]
    assert "待通知" in lines[1]
    assert "138****8000" in lines[1]


@pytest.mark.capability("D11")
def test_the_scope_is_shown_before_anything_is_written(world: World) -> None:
    asked = {
        "title": "玻璃杯",
        "sku": "CUP-9",
        "batches": "C1",
        "reason": "易碎",
        "our_role": "seller",
        "remedy": "refund",
        "instructions": "停止使用",
        "channels": ["email"],
        "discovered_at": "2026-11-16T10:00",
        "look": "",
    }
    browser = world.browser("supervisor")
    assert "将通知 1 位客户" in text(browser.post("/recalls/new/", asked))
    refused = text(browser.post("/recalls/new/", asked | {"batches": "C1 C9", "save": "1"}), 422)
    assert "找不到批次：C9" in refused


@pytest.mark.capability("D12")
def test_an_exception_is_resolved_on_its_page_and_its_notice_called_off(world: World) -> None:
    row = ShipmentException.objects.select_related("outreach").get(pk=world.ids["shipment_exception"])
    browser = world.browser("agent")
    page = text(browser.get(world.address("/shipments/exceptions/{shipment_exception}/")))
    assert "SF1234567890123" in page
    assert "补发" in page
    browser.post(world.address("/shipments/exceptions/{shipment_exception}/"), {"resolution": "resend"})
    row.refresh_from_db()
    assert (row.status, row.resolution) == ("resolved", "resend")
    assert Outreach.objects.get(pk=row.outreach_id).status == "cancelled"
