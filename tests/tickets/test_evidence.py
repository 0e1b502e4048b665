"""Frozen evidence, packs, investigations (C18, C35), and facts about claims that judge nobody (C36)."""

import hashlib
import inspect
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from PIL import Image

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from crm.staff.models import User
from customers.models import Carrier, Shipment, ShipmentNode, Shop
from customers.services import upsert_order
from tests.pdf_text import pages
from tests.tickets.conftest import MONDAY_NINE
from tests.world import PNG
from tickets import compensation
from tickets.models import Attachment, Evidence, EvidencePack, Investigation, LegalReview, Notice, Ticket
from tickets.services import attachments, compensations, conversation, intake
from tickets.services.legal import cases, claim_facts, evidence, investigations, packs, reviews, sources

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk", "frozen")]

C18, C35, C36 = (pytest.mark.capability(name) for name in ("C18", "C35", "C36"))
ADDRESS = "上海市徐汇区漕溪北路 88 号"


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    made = make_ticket("杯子碎了，我的电话 13800138000", type="complaint", order_no="TB1", product="CUP-350")
    shop = Shop.objects.create(key="tmall", name="天猫旗舰店", platform="tmall")
    upsert_order(
        actor=agent,
        shop=shop,
        order_no="TB1",
        customer=made.customer,
        values={
            "ordered_at": MONDAY_NINE - timedelta(days=3),
            "total": Decimal("199.00"),
            "paid": Decimal("179.00"),
            "receiver_name": "陈静",
            "receiver_phone": "13800138000",
            "receiver_address": ADDRESS,
        },
        items=[{"sku": "CUP-350", "name": "玻璃杯", "quantity": 2, "price": Decimal("99.50")}],
    )
    return made


@pytest.fixture
def upload(agent: User) -> Callable[..., Attachment]:
    def make(name: str = "照片.png", actor: User = agent, content: bytes = PNG) -> Attachment:
        return attachments.store_attachment(upload=SimpleUploadedFile(name, content), actor=actor)

    return make


# Frozen


@C35
def test_the_conversation_is_frozen_as_it_stood(ticket: Ticket, agent: User) -> None:
    kept = evidence.freeze(ticket=ticket, actor=agent, kind="conversation")
    conversation.reply(ticket=ticket, actor=agent, body="后来的回复")
    found = Evidence.objects.get(pk=kept.pk)
    assert "杯子碎了" in (found.content or "")
    assert "后来的回复" not in (found.content or "")
    assert found.digest == hashlib.sha256((found.content or "").encode()).hexdigest()
    assert evidence.is_intact(found)
    assert Event.objects.get(kind=evidence.FROZEN).payload["digest"] == found.digest


@C35
def test_order_and_logistics_are_frozen_too_and_nothing_is_not(ticket: Ticket, agent: User) -> None:
    assert ADDRESS in (evidence.freeze(ticket=ticket, actor=agent, kind="order").content or "")
    order = sources.order_of(ticket)
    carrier = Carrier.objects.create(key="test-express", name="测试快递")
    parcel = Shipment.objects.create(order=order, carrier=carrier, tracking_no="SF1234567890")
    ShipmentNode.objects.create(shipment=parcel, kind="picked_up", at=MONDAY_NINE, text="已揽收")
    kept = evidence.freeze(ticket=ticket, actor=agent, kind="logistics").content or ""
    assert "SF1234567890" in kept
    assert "已揽收" in kept
    ticket.order_no = ""
    ticket.save(update_fields=["order_no"])
    with pytest.raises(Conflict, match="没有关联订单"):
        evidence.freeze(ticket=ticket, actor=agent, kind="order")


@C35
def test_a_page_wants_its_address(ticket: Ticket, agent: User, upload: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        evidence.freeze_file(attachment=upload(), actor=agent, kind="page", ticket=ticket)
    assert set(refused.value.fields) == {"url"}
    url = "https://item.example.com/1"
    kept = evidence.freeze_file(attachment=upload(), actor=agent, kind="page", url=url, ticket=ticket)
    assert (kept.url, kept.digest) == (url, hashlib.sha256(PNG).hexdigest())


@C35
def test_changed_words_and_changed_files_are_noticed(ticket: Ticket, agent: User, upload: Any) -> None:
    words = evidence.freeze(ticket=ticket, actor=agent, kind="conversation")
    words.content = (words.content or "").replace("碎了", "完好")
    words.save(update_fields=["content"])
    assert not evidence.is_intact(Evidence.objects.get(pk=words.pk))
    stored = upload()
    kept = evidence.freeze_file(attachment=stored, actor=agent, ticket=ticket)
    with stored.file.open("wb") as file:
        file.write(b"something else")
    assert not evidence.is_intact(kept)
    with pytest.raises(Conflict, match="指纹不符"):
        evidence.freeze_file(attachment=stored, actor=agent, ticket=ticket)


@C18
def test_the_database_refuses_to_change_or_delete_evidence(ticket: Ticket, agent: User) -> None:
    kept = evidence.freeze(ticket=ticket, actor=agent, kind="conversation")
    with connection.cursor() as cursor:
        for statement in (
            "UPDATE tickets_evidence SET title = 'x' WHERE id = %s",
            "UPDATE tickets_evidence SET digest = 'x' WHERE id = %s",
            "DELETE FROM tickets_evidence WHERE id = %s",
        ):
            with pytest.raises(DatabaseError, match="kept as it was written"), transaction.atomic():
                cursor.execute(statement, [kept.pk])
        # A new key re-encrypts; the words, and so the hash, stay.
        Evidence.objects.get(pk=kept.pk).save(update_fields=["content"])
    assert evidence.is_intact(Evidence.objects.get(pk=kept.pk))


# Packs


def _files(made: packs.MadePack) -> dict[str, bytes]:
    with zipfile.ZipFile(made.file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@C35
def test_a_pack_holds_order_conversation_logistics_attachments_and_evidence(
    ticket: Ticket, agent: User, upload: Any
) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="您好，请看图", attachments=[upload()])
    evidence.freeze(ticket=ticket, actor=agent, kind="conversation")
    evidence.freeze_file(attachment=upload("页面.png"), actor=agent, ticket=ticket)
    case = cases.open_case(
        actor=agent, authority="12315", external_number="310104-9", received_at=MONDAY_NINE, ticket=ticket
    )
    made = packs.make_pack(actor=agent, case=case, reason="12315 要求提供材料")
    files = _files(made)
    assert {"case.json", "conversation.json", "order.json", "logistics.json", "evidence.pdf"} <= set(files)
    assert {"attachments/001-照片.png", "manifest.json", "manifest.sha256"} <= set(files)
    assert sum(name.startswith("evidence/") for name in files) == 2
    manifest = json.loads(files["manifest.json"])
    for entry in manifest["files"]:
        assert hashlib.sha256(files[entry["path"]]).hexdigest() == entry["sha256"]
    assert files["manifest.sha256"].split()[0].decode() == made.row.digest
    paper = "".join(pages(files["evidence.pdf"])).replace("\n", "")
    assert ADDRESS in paper
    assert "310104-9" in paper
    assert "杯子碎了" in paper
    event = Event.objects.get(kind=packs.EXPORTED)
    assert (event.payload["digest"], event.payload["reason"]) == (made.row.digest, "12315 要求提供材料")


@C35
def test_without_a_reason_the_pack_is_masked(ticket: Ticket, agent: User, auditor: User) -> None:
    evidence.freeze(ticket=ticket, actor=agent, kind="conversation")
    files = _files(packs.make_pack(actor=agent, ticket=ticket))
    paper = "".join(pages(files.pop("evidence.pdf"))).replace("\n", "")
    everything = b"".join(files.values()).decode() + paper
    assert "13800138000" not in everything
    assert ADDRESS not in everything
    assert EvidencePack.objects.get().is_masked
    with pytest.raises(NotAllowed):
        packs.make_pack(actor=auditor, ticket=ticket)


@C35
def test_what_was_noted_of_a_case_is_masked_with_the_rest(ticket: Ticket, agent: User) -> None:
    case = cases.open_case(
        actor=agent, authority="12315", external_number="310104-9", received_at=MONDAY_NINE, ticket=ticket
    )
    cases.record_moment(case=case, actor=agent, event="accepted", at=MONDAY_NINE, note="经办人电话 13800138000")
    for reason, is_shown in (("", False), ("12315 要求", True)):
        files = _files(packs.make_pack(actor=agent, case=case, reason=reason))
        paper = "".join(pages(files["evidence.pdf"])).replace("\n", "")
        assert ("13800138000" in files["case.json"].decode(), "13800138000" in paper) == (is_shown, is_shown)


@C35
def test_the_paper_has_a_cover_contents_with_every_hash_the_pictures_and_page_numbers(
    ticket: Ticket, agent: User, upload: Any
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(drawn, "PNG")
    files = [upload(content=drawn.getvalue()), upload("页面.png", content=drawn.getvalue())]
    conversation.reply(ticket=ticket, actor=agent, body="您好 😀", attachments=files[:1])
    shown = evidence.freeze_file(
        attachment=files[1], actor=agent, ticket=ticket, kind="page", url="https://item.example.com/1"
    )
    case = cases.open_case(
        actor=agent, authority="12315", external_number="310104-9", received_at=MONDAY_NINE, ticket=ticket
    )
    made = packs.make_pack(actor=agent, case=case)
    content = _files(made)["evidence.pdf"]
    cover, contents, *rest = pages(content)
    for said in ("310104-9", "收到时间", "2026-11-16 09:00:00", "法定时限", "向机关书面答复"):
        assert said in cover
    assert f"1 / \n{2 + len(rest)}" in cover
    for entry in made.row.manifest["files"]:
        assert entry["path"] == "evidence.pdf" or entry["sha256"] in contents
    assert shown.digest in contents
    after = "".join(rest)
    assert after.index("案件") < after.index("杯子碎了") < after.index("您好 [U+1F600]") < after.index("页面.png")
    assert "https://item.example.com/1" in after
    assert content.count(b"/Subtype /Image") == 1  # The same picture twice is kept once.
    again = packs.make_pack(actor=agent, case=case)
    assert (again.row.digest, _files(again)["evidence.pdf"]) == (made.row.digest, content)


@C35
def test_the_paper_alone_is_the_same_pack(ticket: Ticket, agent: User) -> None:
    made = packs.make_pack(actor=agent, ticket=ticket, file_type="pdf")
    content = made.file.read()
    assert (content[:5], made.content_type, made.name[-4:]) == (b"%PDF-", "application/pdf", ".pdf")
    told = {row["path"]: row["sha256"] for row in made.row.manifest["files"]}
    assert told["evidence.pdf"] == hashlib.sha256(content).hexdigest()
    with pytest.raises(InvalidInput) as refused:
        packs.make_pack(actor=agent, ticket=ticket, file_type="doc")
    assert set(refused.value.fields) == {"file_type"}


@C35
def test_a_picture_that_is_none_stays_a_file(ticket: Ticket, agent: User, upload: Any) -> None:
    broken = upload("坏图.png")
    with broken.file.open("wb") as file:
        file.write(PNG[:20])
    conversation.reply(ticket=ticket, actor=agent, body="见图", attachments=[broken])
    files = _files(packs.make_pack(actor=agent, ticket=ticket))
    assert files["attachments/001-坏图.png"] == PNG[:20]
    assert "图片未在此显示" in "".join(pages(files["evidence.pdf"]))


@C35
def test_a_changed_pack_is_noticed(ticket: Ticket, agent: User) -> None:
    made = packs.make_pack(actor=agent, ticket=ticket)
    assert packs.check_archive(made.file) == []
    files = _files(made)
    files["order.json"] = files["order.json"].replace(b"179.00", b"9.00")
    files["extra.txt"] = b"slipped in"
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert packs.check_archive(forged) == ["文件被改动：order.json", "清单之外的文件：extra.txt"]
    assert packs.check_archive(io.BytesIO(b"no zip")) == ["不是完整的证据包。"]


# Investigations


@pytest.fixture
def inquiry(ticket: Ticket, agent: User) -> Investigation:
    return investigations.open_investigation(ticket=ticket, actor=agent, questions=["何时破损？", " "])


@C18
def test_an_investigation_has_questions_statements_evidence_calls_and_a_conclusion(
    inquiry: Investigation, agent: User, upload: Any
) -> None:
    question = inquiry.entries.get()
    investigations.call(investigation=inquiry, actor=agent, outcome="unreachable", note="响铃无人接")
    with pytest.raises(Conflict, match="没有任何陈述"):
        investigations.conclude(investigation=inquiry, actor=agent, conclusion="承运商责任")
    investigations.state(
        investigation=inquiry, actor=agent, speaker="customer", text="收到时外箱已压扁", answers=question
    )
    evidence.freeze_file(attachment=upload(), actor=agent, investigation=inquiry)
    done = investigations.conclude(investigation=inquiry, actor=agent, conclusion="承运商责任")
    assert done.state == "concluded"
    assert investigations.is_intact(done)
    assert inquiry.ticket.contact_attempts.get().note == "响铃无人接"
    for late in (
        lambda: investigations.ask(investigation=done, actor=agent, text="还有吗"),
        lambda: investigations.call(investigation=done, actor=agent, outcome="reached"),
        lambda: evidence.freeze_file(attachment=upload(), actor=agent, investigation=Investigation.objects.get()),
    ):
        with pytest.raises(Conflict, match="已有结论"):
            late()


@C18
def test_a_changed_statement_breaks_the_seal(inquiry: Investigation, agent: User) -> None:
    question = inquiry.entries.get()
    said = investigations.state(
        investigation=inquiry, actor=agent, speaker="carrier", text="完好签收", answers=question
    )
    investigations.conclude(investigation=inquiry, actor=agent, conclusion="客户责任")
    said.text = "外箱破损"
    said.save(update_fields=["text"])
    assert not investigations.is_intact(Investigation.objects.get())


@C18
@pytest.mark.parametrize(
    ("verb", "values", "field"),
    [
        ("state", {"speaker": "路人", "text": "看见了"}, "speaker"),
        ("state", {"speaker": "customer", "text": " "}, "text"),
        ("ask", {"text": "问" * 2001}, "text"),
        ("call", {"outcome": "也许"}, "outcome"),
    ],
)
def test_what_cannot_be_in_an_investigation_is_named(
    inquiry: Investigation, agent: User, verb: str, values: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        getattr(investigations, verb)(investigation=inquiry, actor=agent, **values)
    assert set(refused.value.fields) == {field}


@C18
def test_one_investigation_of_a_ticket_at_a_time(inquiry: Investigation, agent: User, supervisor: User) -> None:
    with pytest.raises(Conflict, match="进行中的调查"):
        investigations.open_investigation(ticket=inquiry.ticket, actor=supervisor, questions=["再查"])
    with pytest.raises(InvalidInput, match="至少写一个"):
        investigations.open_investigation(ticket=inquiry.ticket, actor=supervisor, questions=[""])


# Facts about claims


@C36
def test_facts_are_counted_for_the_customer_within_a_year(
    ticket: Ticket, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    for number in range(3):
        make_ticket(f"第{number}次索赔", type="complaint", product="CUP-350", external_id=f"again-{number}")
    make_ticket("别人的", type="complaint", external_id="other", customer=_stranger())
    compensations.grant(ticket=ticket, actor=agent, case="C-22", inputs=_GOODWILL, amount=Decimal("9.90"))
    found = {fact.key: fact.value for fact in claim_facts.facts_of(Ticket.objects.get(pk=ticket.pk))}
    assert (found["claims"], found["same_product"], found["claimed_orders"]) == ("4", "4", "1/1")
    assert (found["bought"], found["compensations"], found["legal_cases"]) == ("2", "1", "0")
    sentences = [fact.sentence for fact in claim_facts.facts_of(ticket)]
    assert "近一年补偿 1 笔，合计 9.90 元" in sentences
    assert not any(word in "".join(sentences) for word in ("恶意", "职业", "嫌疑", "风险"))


_GOODWILL = {"P": "99", "severity": "0.1", "responsibility": "1"}


def _stranger() -> Any:
    return intake.CustomerGiven(name="别人", phone="13900139000")


@C36
def test_a_review_informs_people_and_lowers_no_right(ticket: Ticket, agent: User, supervisor: User) -> None:
    before = compensations.quote(actor=agent, case="C-04", inputs={"P": "50"})
    row = reviews.ask_review(ticket=ticket, actor=agent, question="同一商品多次索赔，请看材料")
    assert Notice.objects.filter(kind="legal_review", user=supervisor).exists()
    assert {fact["key"] for fact in row.facts} >= {"claims", "same_product"}
    with pytest.raises(Conflict, match="已在等法务复核"):
        reviews.ask_review(ticket=ticket, actor=agent, question="再问一次")
    reviews.answer_review(review=row, actor=supervisor, opinion="材料不足以认定，依法正常处理")
    assert LegalReview.objects.get().opinion.startswith("材料不足")
    assert compensations.quote(actor=agent, case="C-04", inputs={"P": "50"}) == before
    # What decides about money knows nothing of reviews and facts.
    for module in (compensation, compensations):
        assert "legal" not in inspect.getsource(module).replace("legal basis", "")


@C36
def test_nobody_answers_their_own_question(ticket: Ticket, supervisor: User, agent: User) -> None:
    row = reviews.ask_review(ticket=ticket, actor=supervisor, question="请看")
    with pytest.raises(NotAllowed, match="自己提请"):
        reviews.answer_review(review=row, actor=supervisor, opinion="没问题")
    with pytest.raises(NotAllowed):
        reviews.answer_review(review=row, actor=agent, opinion="没问题")
