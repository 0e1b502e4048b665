"""C27, C30, C34, G14 in the browser's pages: what is typed is kept, what is refused stands beside its field."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.staff.models import User
from tests.workbench.conftest import browser, text
from tickets.models import Negotiation, PostLink, Room, RoomEntry, RoomGuest, Ticket

pytestmark = pytest.mark.django_db

POST = {
    "step": "link", "url": "https://weibo.com/u/9", "platform": "weibo", "reach": "12000", "sentiment": "negative",
    "posted_at": "2026-11-20T10:00", "excerpt": "三天不回",
}  # fmt: skip


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("杯子颜色不对", type="complaint", category="商品质量问题", priority="normal")


@pytest.mark.capability("C34")
def test_a_post_is_linked_and_unlinked_in_the_pane(complaint: Ticket, agent: User) -> None:
    client, address = browser(agent), f"/desk/{complaint.number}/together/"
    wrong = text(client.post(address, {**POST, "url": "weibo", "excerpt": "三天不回"}))
    assert "请填写以 http:// 或 https:// 开头的网址。" in wrong
    assert "三天不回" in wrong
    assert "12000" in text(client.post(address, POST))
    complaint.refresh_from_db()
    assert complaint.priority == "high"
    link = PostLink.objects.get()
    assert "请填写解除原因" in text(client.post(address, {"step": "unlink", "post": link.post_id, "reason": ""}))
    assert "已解除关联" in text(client.post(address, {"step": "unlink", "post": link.post_id, "reason": "认错了"}))
    assert client.post(address, {"step": "unlink", "post": "x"}).status_code == 404
    assert "微博" in text(client.get("/posts/"))


@pytest.mark.capability("C30", "G14")
def test_the_demand_stands_beside_the_ways_and_a_negotiation_goes_its_way(complaint: Ticket, agent: User) -> None:
    client = browser(agent)
    weigh, talk = f"/desk/{complaint.number}/weigh/", f"/desk/{complaint.number}/negotiation/"
    assert "请填写要求的金额或方式" in text(client.post(weigh, {"words": "必须赔"}))
    page = text(client.post(weigh, {"amount": "200", "remedy": "refund"}))
    assert "¥200.00" in page
    assert "消费者权益保护法" in page
    money = {"step": "open", "case": "C-22", "in_P": "400", "in_severity": "10%", "in_responsibility": "100%"}
    assert "¥60.00" in text(client.post(talk, money))
    assert "请写明理由" in text(client.post(talk, {"step": "offer", "amount": "60.01"}))
    assert "待客户答复" in text(client.post(talk, {"step": "offer", "amount": "16"}))
    assert "客户还价" in text(client.post(talk, {"step": "answer", "answer": "declined", "countered": "50"}))
    assert "未达成" in text(client.post(talk, {"step": "walk", "note": "差距太大"}))
    assert Negotiation.objects.get().state == "walked_away"


@pytest.mark.capability("C27")
def test_a_room_is_opened_steered_and_shown_to_a_guest(complaint: Ticket, agent: User, other_agent: User) -> None:
    client = browser(agent)
    given = {"summary": "整批颜色不对", "members": [other_agent.pk]}
    address = client.post(f"/rooms/new/?ticket={complaint.number}", given).headers["Location"]
    assert "整批颜色不对" in text(browser(other_agent).get(address))
    assert "陈女士" not in text(browser(other_agent).get(address))
    assert browser(other_agent).get(f"/desk/{complaint.number}/").status_code == 404
    assert client.post(address, {"step": "entry", "kind": "note", "text": ""}).status_code == 422
    client.post(address, {"step": "entry", "kind": "decision", "text": "请提供底单", "is_for_guests": "on"})
    assert (
        browser(other_agent)
        .post(address, {"step": "guest", "name": "顺丰", "kind": "carrier", "days": "3"})
        .status_code
        == 403
    )
    invited = client.post(
        address, {"step": "guest", "name": "顺丰", "kind": "carrier", "days": "3", "may_answer": "on"}
    )
    url = invited.context["guest_url"]
    path = url[url.index("/rooms/guest/") :]
    assert url not in text(client.get(address))
    stranger = Client()
    assert "请提供底单" in text(stranger.get(path))
    assert stranger.get(path).headers["Referrer-Policy"] == "same-origin"
    assert stranger.post(path, {"text": "底单见附件"}).status_code == 302
    client.post(address, {"step": "revoke", "pk": RoomGuest.objects.get().pk})
    assert stranger.get(path).status_code == 404
    assert RoomEntry.objects.filter(kind="answer").count() == 1
    client.post(address, {"step": "close", "decision": "承运方赔付"})
    assert Room.objects.get().closed_at is not None
