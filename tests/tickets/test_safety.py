"""Promises about safety in replies (D20) and incidents with products (D22), through services."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.rowfiles import FileRow
from crm.staff.models import User
from customers.models import Recall
from knowledge.models import SafetySheet
from knowledge.safety.sheets import import_file, import_sheets
from knowledge.safety.terms import save_term
from tests.products import SHEET, make_sheet
from tests.scripts_library.factories import make_script
from tests.tickets.aftersales import media, photo, place_order
from tickets.models import Escalation, Evidence, LegalClock, Notice, SafetyClaim, SafetyIncident, Ticket, WaitingReply
from tickets.services import conversation, intake, sending, waiting
from tickets.services.safety import incidents, recalling
from tickets.services.safety.claims import Confirmation, shown_for

__all__ = ["media"]
pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]
CLAIM = "亲，这款不含花生，您放心吃"
d20, d22 = pytest.mark.capability("D20"), pytest.mark.capability("D22")


@d20
def test_the_sheet_is_shown_when_the_conversation_speaks_of_allergies(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_sheet(author=lead, reviewer=supervisor)
    ticket = make_ticket(product="SNACK-1")
    assert shown_for(ticket, agent, said=["快递到哪了"]) is None
    shown = shown_for(ticket, agent, said=["我对花生过敏，能吃吗"])
    assert shown is not None
    assert [(one.sku, one.version) for one in shown.products] == [("SNACK-1", version)]
    bare = shown_for(make_ticket(product="CUP"), agent, said=["会过敏吗"])
    assert bare is not None
    assert not bare.has_sheet


@d20
def test_a_promise_needs_the_version_of_the_sheet_and_keeps_it(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_sheet(author=lead, reviewer=supervisor)
    ticket = make_ticket(product="SNACK-1")
    with pytest.raises(Conflict) as refused:
        conversation.reply(ticket=ticket, actor=agent, body=CLAIM)
    assert refused.value.code == "safety_unconfirmed"
    assert list(refused.value.fields) == ["safety_version"]
    assert [one["safety_version"] for one in refused.value.extra["sheets"]] == [version.pk]
    with pytest.raises(Conflict, match="重新确认"):
        conversation.reply(ticket=ticket, actor=agent, body=CLAIM, safety=Confirmation(version.pk + 999))
    sent = conversation.reply(ticket=ticket, actor=agent, body=CLAIM, safety=Confirmation(version.pk))
    kept = SafetyClaim.objects.get(message=sent)
    assert (kept.version, kept.actor, kept.claims) == (version, agent, ["不含花生", "放心吃"])
    conversation.reply(ticket=ticket, actor=agent, body="配料表请看包装背面。")
    assert SafetyClaim.objects.count() == 1


@d20
def test_without_a_sheet_only_a_supervisor_with_a_reason_may_promise(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    ticket = make_ticket(product="CUP")
    with pytest.raises(Conflict, match="无资料，禁止口头承诺") as refused:
        conversation.reply(ticket=ticket, actor=agent, body=CLAIM)
    assert refused.value.code == "no_safety_sheet"
    with pytest.raises(NotAllowed):
        conversation.reply(ticket=ticket, actor=agent, body=CLAIM, safety=Confirmation(reason="我确定"))
    with pytest.raises(Conflict) as refused:
        conversation.reply(ticket=ticket, actor=supervisor, body=CLAIM)
    assert list(refused.value.fields) == ["safety_reason"]
    sent = conversation.reply(
        ticket=ticket, actor=supervisor, body=CLAIM, safety=Confirmation(reason="厂家书面确认，资料补录中")
    )
    assert SafetyClaim.objects.get(message=sent).version is None


@d20
def test_a_script_as_it_was_reviewed_needs_no_confirmation_an_edited_one_does(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    ticket = make_ticket(product="CUP")
    script = make_script(author=lead, reviewer=supervisor, key="S1", body="您好，本品不含花生。")
    conversation.reply(ticket=ticket, actor=agent, body="您好，本品不含花生。", script_version=script)
    with pytest.raises(Conflict):
        conversation.reply(ticket=ticket, actor=agent, body="您好，本品不含花生，孕妇可以吃。", script_version=script)
    loose = make_script(author=lead, reviewer=supervisor, key="S2", body="{{customer_name}}")
    with pytest.raises(Conflict):
        conversation.reply(ticket=ticket, actor=agent, body=CLAIM, script_version=loose)


@d20
def test_a_waiting_promise_is_judged_anew_when_it_goes_out(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_sheet(author=lead, reviewer=supervisor)
    ticket = make_ticket(product="SNACK-1")
    with pytest.raises(Conflict):
        sending.plan_reply(ticket=ticket, actor=agent, body=CLAIM)
    row = sending.plan_reply(ticket=ticket, actor=agent, body=CLAIM, safety=Confirmation(version.pk))
    plain = sending.plan_reply(ticket=ticket, actor=agent, body="稍后答复您", safety=Confirmation(10**12))
    with pytest.raises(Conflict):
        waiting.change(waiting=plain, actor=agent, body=CLAIM)
    sent = sending.send_at_once(waiting_reply=row, actor=agent)
    assert sent is not None
    assert SafetyClaim.objects.get(message=sent).version == version
    again = sending.plan_reply(ticket=ticket, actor=agent, body=CLAIM, safety=Confirmation(version.pk))
    SafetySheet.objects.update(live_version=None)
    assert sending.send_at_once(waiting_reply=again, actor=agent) is None
    assert "无资料" in WaitingReply.objects.get(pk=again.pk).reason


@d20
def test_a_phrase_the_shop_added_counts_at_once(
    make_ticket: Make, agent: User, lead: User, django_capture_on_commit_callbacks: Any
) -> None:
    ticket = make_ticket(product="CUP")
    conversation.reply(ticket=ticket, actor=agent, body="这款敏宝友好")
    with django_capture_on_commit_callbacks(execute=True):
        term = save_term(term=None, actor=lead, values={"kind": "claim", "text": "敏宝友好"})
    with pytest.raises(Conflict):
        conversation.reply(ticket=ticket, actor=agent, body="这款敏宝友好")
    with pytest.raises(InvalidInput):
        save_term(term=None, actor=lead, values={"kind": "claim", "text": term.text})


@d20
def test_sheets_come_from_a_file_as_drafts_and_bad_lines_are_named(lead: User) -> None:
    lines = (
        "商品编码,商品名称,成分,过敏原,来源文件,生效时间\n"
        "SNACK-9,芝麻糖,芝麻、麦芽糖,芝麻,标签 2026,2026-11-01\n"
        "SNACK-10,无过敏原栏,糖,,标签,\n"
        "SNACK-11,坏日期,糖,无已知过敏原,标签,昨天\n"
    )
    report = import_file(upload=SimpleUploadedFile("安全资料.csv", lines.encode()), actor=lead)
    assert (report.created, [line for line, _why in report.errors]) == (1, [3, 4])
    sheet = SafetySheet.objects.get(key="SNACK-9")
    draft: Any = sheet.versions.get()
    assert (sheet.live_version, draft.allergens, draft.status) == (None, "芝麻", "draft")
    row = FileRow(2, {"sku": "SNACK-9", "title": "芝麻糖", "ingredients": "芝麻、麦芽糖", "allergens": "芝麻"})
    row.values.update({"source": "标签 2026", "valid_from": "2026-11-01"})
    assert import_sheets(rows=[row], actor=lead).unchanged == 1
    row.values["allergens"] = "芝麻、麸质"
    assert import_sheets(rows=[row], actor=lead).changed == 1


@d20
def test_a_sheet_says_what_it_holds_and_from_where(lead: User, supervisor: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_sheet(author=lead, reviewer=supervisor, allergens=" ", source="")
    assert set(refused.value.fields) == {"allergens", "source"}
    assert set(SHEET) <= {
        field.name for field in SafetySheet._meta.get_field("live_version").related_model._meta.fields
    }


# Incidents ----------------------------------------------------------------------------------


def report(**values: Any) -> incidents.Report:
    told: dict[str, Any] = {
        "sku": "DRESS",
        "batch": "B7",
        "harm": "serious",
        "injured_count": 1,
        "injury": "右手烫伤，已就医",
        "circumstances": "充电时冒烟起火",
        "storage": "室内，原装充电线",
        "occurred_at": clock.now() - timedelta(hours=3),
        "our_role": "seller",
    }
    return incidents.Report(**{**told, **values})


@d22
def test_an_incident_raises_grades_begins_the_clocks_freezes_and_tells_once(
    make_ticket: Make, agent: User, lead: User, supervisor: User, frozen: Any, media: Any
) -> None:
    ticket = make_ticket("暖手宝坏了", order_no="TB1")
    place_order(ticket)
    made = incidents.report_incident(ticket=ticket, actor=agent, report=report(photos=[photo(agent)]))
    ticket.refresh_from_db()
    assert (ticket.type, ticket.product, ticket.batch) == ("complaint", "DRESS", "B7")
    assert incidents.level_of(made) == "危机"
    assert Escalation.objects.get(ticket=ticket).trigger.kind == "safety"
    assert {one.rule.code: one.due_at and one.due_at - one.started_at for one in incidents.clocks_of(made)} == {
        "safety.report": timedelta(hours=24),
        "recall.serious": made_due(made),
    }
    assert sorted(Evidence.objects.filter(ticket=ticket).values_list("kind", flat=True)) == [
        "conversation", "file", "order",
    ]  # fmt: skip
    assert set(Notice.objects.filter(kind="safety_incident").values_list("user", flat=True)) == {supervisor.pk}
    with pytest.raises(Conflict) as refused:
        incidents.report_incident(ticket=ticket, actor=lead, report=report())
    assert refused.value.code == "already_reported"
    assert LegalClock.objects.filter(ticket=ticket).count() == 2


def made_due(made: SafetyIncident) -> timedelta:
    """Two working days from a Monday: the end of Wednesday in Shanghai."""
    return timedelta(days=3) - timedelta(hours=9)


@d22
def test_no_harm_to_persons_begins_the_clock_of_reporting_alone(make_ticket: Make, agent: User) -> None:
    made = incidents.report_incident(
        ticket=make_ticket(), actor=agent, report=report(harm="none", injured_count=0, injury="", batch="")
    )
    assert [clock.rule.code for clock in incidents.clocks_of(made)] == ["safety.report"]
    large = report(harm="none", injured_count=0, injury="烧毁沙发", is_large_loss=True)
    grave = incidents.report_incident(ticket=make_ticket(), actor=agent, report=large)
    assert len(incidents.clocks_of(grave)) == 2


@d22
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"sku": " "}, "sku"),
        ({"harm": "scratch"}, "harm"),
        ({"injured_count": 0}, "injured_count"),
        ({"injured_count": -1}, "injured_count"),
        ({"harm": "none"}, "injured_count"),
        ({"injury": ""}, "injury"),
        ({"circumstances": ""}, "circumstances"),
        ({"storage": "\x00"}, "storage"),
        ({"our_role": ""}, "our_role"),
        ({"occurred_at": clock.now() + timedelta(days=1)}, "occurred_at"),
        ({"batch": "x" * 101}, "batch"),
    ],
)
def test_bad_input_is_named_and_nothing_begins(
    make_ticket: Make, agent: User, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        incidents.report_incident(ticket=make_ticket(), actor=agent, report=report(**values))
    assert field in refused.value.fields
    assert not LegalClock.objects.exists()


@d22
def test_an_incident_told_by_telephone_opens_the_complaint(desk: Any, agent: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        incidents.report_new(actor=agent, report=report(), customer=intake.CustomerGiven())
    assert list(refused.value.fields) == ["customer_name"]
    given = intake.CustomerGiven(name="周女士", phone="13900139000")
    made = incidents.report_new(actor=agent, report=report(), customer=given)
    assert (made.ticket.type, made.ticket.product) == ("complaint", "DRESS")


@d22
def test_the_recall_is_proposed_filled_in_and_drafted_once(make_ticket: Make, agent: User, supervisor: User) -> None:
    ticket = make_ticket(order_no="TB1")
    order = place_order(ticket)
    order.items.filter(sku="DRESS").update(batch="B7")
    made = incidents.report_incident(ticket=ticket, actor=agent, report=report())
    wanted = recalling.proposal(made)
    assert (wanted["sku"], wanted["batches"], wanted["is_serious"]) == ("DRESS", ["B7"], True)
    assert "烫伤" not in wanted["reason"]
    with pytest.raises(NotAllowed):
        recalling.draft_recall(incident=made, actor=agent, values={})
    recall = recalling.draft_recall(incident=made, actor=supervisor, values={"title": "暖手宝"})
    assert (recall.title, recall.status, recall.batches) == ("暖手宝", "draft", ["B7"])
    with pytest.raises(Conflict):
        recalling.draft_recall(incident=made, actor=supervisor, values={})
    second = incidents.report_incident(ticket=make_ticket(), actor=agent, report=report())
    assert recalling.draft_recall(incident=second, actor=supervisor, values={}) == recall
    unknown = incidents.report_incident(ticket=make_ticket(), actor=agent, report=report(batch=""))
    with pytest.raises(InvalidInput) as refused:
        recalling.draft_recall(incident=unknown, actor=supervisor, values={})
    assert list(refused.value.fields) == ["batches"]
    assert Recall.objects.count() == 1
