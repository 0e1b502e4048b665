"""After-sales on the desk and on its pages: applying, stepping, inspecting with a phone, reconciling."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from customers.models import Order
from tests.tickets.aftersales import PNG
from tests.world import World
from tickets.models import AfterSales, Refund

pytestmark = [pytest.mark.django_db]


def page(world: World, role: str, address: str, data: dict[str, Any] | None = None, status: int = 200) -> str:
    browser = world.browser(role)
    url = world.address(address)
    response = browser.get(url) if data is None else browser.post(url, data, follow=True)
    assert response.status_code == status, response.content.decode()[:3000]
    return str(response.content.decode())


@pytest.mark.capability("C13")
@pytest.mark.capability("D06")
def test_the_desk_offers_what_law_allows_and_says_why_not(world: World) -> None:
    Order.objects.filter(pk=world.ids["order"]).update(signed_at=clock.now())
    query = "reason=no_reason&category=fresh&condition=intact"
    shown = page(world, "agent", f"/desk/{{number}}/aftersales/?{query}")
    assert "不符合条件" in shown
    assert "鲜活易腐商品依法不适用七日无理由退货" in shown
    assert 'value="return_refund" disabled' in shown
    assert "第二十五条" in shown


@pytest.mark.capability("D01")
def test_a_request_is_applied_for_on_the_desk_and_listed_by_deadline(world: World) -> None:
    data = {"order": world.ids["order"], "reason": "not_received", "kind": "refund_only", "note": "一直没到"}
    assert "已登记售后单" in page(world, "agent", "/desk/{number}/aftersales/", data)
    made = AfterSales.objects.order_by("-id")[0]
    assert f"#{made.pk}" in page(world, "agent", "/aftersales/?tab=applied")
    history = page(world, "agent", "/desk/{number}/side/history/")
    assert f"售后 仅退款 #{made.pk}：登记售后" in history
    assert "aftersales." not in history


@pytest.mark.capability("D01")
def test_the_warehouse_inspects_with_photos_and_a_fault_stands_beside_its_field(world: World) -> None:
    address = "/aftersales/{aftersales_inspecting}/do/inspect/"
    assert "请至少上传一张照片" in page(world, "agent", address, {"result": "not_intact", "note": "破损"}, 422)
    photo = SimpleUploadedFile("正面.png", PNG, "image/png")
    shown = page(world, "agent", address, {"result": "intact", "photos": [photo], "note": "标签完好"})
    assert "正面.png" in shown
    assert AfterSales.objects.get(pk=world.ids["aftersales_inspecting"]).state == "deciding"


@pytest.mark.capability("D02")
@pytest.mark.capability("D10")
def test_a_refund_is_decided_paid_and_reversed_on_the_page(world: World) -> None:
    shown = page(world, "agent", "/aftersales/{aftersales_deciding}/do/decide/", {"amount": "900"}, 422)
    assert "退款超出可退金额" in shown
    assert 'value="900"' in shown
    page(world, "agent", "/aftersales/{aftersales_deciding}/do/decide/", {"amount": "10"})
    refund = Refund.objects.get(aftersales=world.ids["aftersales_deciding"])
    assert "T-9" in page(world, "agent", f"/aftersales/refunds/{refund.pk}/pay/", {"text": "T-9"})
    assert AfterSales.objects.get(pk=world.ids["aftersales_deciding"]).state == "done"


@pytest.mark.capability("D10")
def test_reconciliation_lists_what_does_not_agree(world: World) -> None:
    refund = Refund.objects.get(pk=world.ids["refund"])
    page(world, "agent", "/aftersales/refunds/{refund}/pay/", {"text": "T-1"})
    statement = "流水号,金额\nT-1,1.00\nT-404,5.00\n".encode()
    upload = SimpleUploadedFile("对账单.csv", statement, "text/csv")
    shown = page(world, "lead", "/aftersales/reconciliation/", {"statement": upload})
    assert "金额与对账单不一致" in shown
    assert f"¥{refund.amount}" in shown
    assert "系统里没有登记" in shown
    bad = SimpleUploadedFile("坏.csv", "甲,乙\n1,2\n".encode(), "text/csv")
    assert "须有“流水号”和“金额”两列" in page(world, "lead", "/aftersales/reconciliation/", {"statement": bad}, 422)
    assert refund.amount == Decimal("17.90")
