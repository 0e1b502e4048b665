"""The pages of legal work: the board, a dispute from notice to end, freezing, exporting, investigating."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import MONDAY_NINE
from tests.tickets.test_legal_periods import moment
from tests.workbench.conftest import browser, text
from tests.world import PNG
from tickets.models import Evidence, Investigation, LegalCase, LegalClock, LegalReview, Ticket
from tickets.services.legal import cases

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk", "frozen")]


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("我要投诉", type="complaint")


@pytest.mark.capability("C35")
def test_a_dispute_from_the_notice_to_its_end(ticket: Ticket, agent: User, supervisor: User) -> None:
    person = browser(agent)
    typed = {
        "authority": "12315",
        "matter": "complaint",
        "external_number": "310104-1",
        "received_at": "2026-11-16T09:01",
        "ticket": ticket.number,
        "summary": "消费者称未退款",
    }
    refused = text(person.post("/legal/cases/new/", typed), 422)
    assert "时间不能晚于现在" in refused
    assert "消费者称未退款" in refused
    page = text(person.post("/legal/cases/new/", typed | {"received_at": "2026-11-16T09:00"}, follow=True))
    case = LegalCase.objects.get()
    assert "2026-11-18 24:00" in page
    assert "310104-1" in page
    wrong = {"step": "progress", "event": "accepted", "at": "2026-11-16T08:00"}
    assert "不能早于收到通知" in text(person.post(f"/legal/cases/{case.pk}/", wrong), 422)
    assert person.post(f"/legal/cases/{case.pk}/", {"step": "close", "outcome": "settled"}).status_code == 403
    ended = browser(supervisor).post(f"/legal/cases/{case.pk}/", {"step": "close", "outcome": "settled"}, follow=True)
    assert "和解" in text(ended)


@pytest.mark.capability("C33")
def test_the_board_sorts_by_time_left_and_asks_why_one_was_missed(
    ticket: Ticket, agent: User, supervisor: User, frozen: Any
) -> None:
    for authority, number in (("odr", "O-1"), ("platform", "P-1")):
        cases.open_case(
            actor=agent, authority=authority, external_number=number, received_at=MONDAY_NINE, ticket=ticket
        )
    page = text(browser(agent).get("/legal/"))
    assert page.index("答复纠纷单") < page.index("与消费者在线和解")
    frozen.move_to(moment("2026-11-17 09:00"))
    fire_due(now=clock.now())
    row = LegalClock.objects.to_explain().get()
    boss = browser(supervisor)
    assert "答复纠纷单" in text(boss.get("/legal/?tab=unexplained"))
    address = f"/legal/clocks/{row.pk}/"
    assert boss.post(address, {"step": "explain", "cause": "忙", "remedy": " "}).status_code == 422
    told = text(boss.post(address, {"step": "explain", "cause": "通知在垃圾箱", "remedy": "已补交材料"}, follow=True))
    assert "通知在垃圾箱" in told
    assert not LegalClock.objects.to_explain().exists()


@pytest.mark.capability("C35")
def test_evidence_is_frozen_checked_and_taken_along(ticket: Ticket, agent: User) -> None:
    person, address = browser(agent), f"/desk/{ticket.number}/legal/"
    assert "已固定" in text(person.post(address, {"step": "freeze", "kind": "conversation"}, follow=True))
    assert "没有关联订单" in text(person.post(address, {"step": "freeze", "kind": "order"}, follow=True))
    picture = SimpleUploadedFile("页面.png", PNG)
    wrong = person.post(address, {"step": "upload", "kind": "page", "file": picture})
    assert "请填写页面的网址" in text(wrong, 422)
    upload = {"step": "upload", "kind": "file", "file": SimpleUploadedFile("照片.png", PNG)}
    page = text(person.post(address, upload, follow=True))
    assert Evidence.objects.get(kind="file").digest in page
    assert "完好" in page
    answer = person.post(f"{address}pack/", {"reason": ""})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
        assert "manifest.json" in archive.namelist()


@pytest.mark.capability("C18")
def test_an_investigation_is_carried_out_on_its_page(ticket: Ticket, agent: User) -> None:
    person, address = browser(agent), f"/desk/{ticket.number}/investigation/"
    text(person.post(address, {"step": "open", "questions": "何时破损？\n外箱完好吗？"}, follow=True))
    first, second = Investigation.objects.get().entries.all()
    assert "还有问题没有任何陈述" in text(person.post(address, {"step": "conclude", "conclusion": "承运商责任"}), 409)
    for question in (first, second):
        said = {"step": "state", "speaker": "customer", "text": "收到时已碎", "answers": question.pk}
        assert "收到时已碎" in text(person.post(address, said, follow=True))
    text(person.post(address, {"step": "call", "outcome": "unreachable", "note": "响铃无人接"}, follow=True))
    page = text(person.post(address, {"step": "conclude", "conclusion": "承运商责任"}, follow=True))
    assert "承运商责任" in page
    assert "响铃无人接" in page
    assert Investigation.objects.get().digest in page


@pytest.mark.capability("C36")
def test_facts_stand_without_a_verdict_and_legal_staff_may_be_asked(
    ticket: Ticket, agent: User, supervisor: User
) -> None:
    address = f"/desk/{ticket.number}/legal/"
    page = text(browser(agent).get(address))
    assert "近一年提出投诉或售后 1 次" in page
    assert "不得据此拒绝或减少法定权利" in page
    text(browser(agent).post(address, {"step": "review", "question": "请看材料"}, follow=True))
    assert LegalReview.objects.get().question == "请看材料"
    answered = browser(supervisor).post(address, {"step": "answer", "opinion": "依法正常处理"}, follow=True)
    assert "依法正常处理" in text(answered)
