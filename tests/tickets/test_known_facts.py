"""A22: nobody is asked twice. Warned of while typing, counted when sent; one ticket over channels."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from core.events import Event
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.tickets.conftest import Desk
from tests.workbench.conftest import browser, text
from tickets import configuration
from tickets.known_facts import Fact, asked_again, facts_told, questions_in
from tickets.models import Channel, NormBreach, Ticket, TicketMessage
from tickets.services import conversation, intake, transitions
from tickets.services.norms import judging
from tickets.services.norms.configuring import save_norm
from tickets.services.norms.repeats import repeats_in

pytestmark = pytest.mark.capability("A22")


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("请提供一下您的订单号", [Fact.ORDER_NO]),
        ("麻烦您发一下手机号和收货地址", [Fact.PHONE, Fact.ADDRESS]),
        ("您的订单号是多少呢？", [Fact.ORDER_NO]),
        ("请问您怎么称呼", [Fact.NAME]),
        ("收件人姓名告诉我一下", [Fact.NAME]),
        ("请核对收货地址：上海市徐汇区", []),
        ("您提供的订单号已收到", []),
        ("请您稍等，正在核实订单号", []),
        ("快递单号是 SF1234567890", []),
        ("您好，马上为您处理。", []),
        ("", []),
    ],
)
def test_a_question_is_told_from_a_check(said: str, asked: list[Fact]) -> None:
    assert questions_in(said) == asked


def test_what_the_customer_told_is_found_and_shown_masked() -> None:
    told = facts_told(["我叫张伟，手机13800138000，地址上海市徐汇区漕溪北路88号", "订单号 TB20261118001"])
    assert told[Fact.PHONE] == "138****8000"
    assert told[Fact.ORDER_NO] == "TB20261118001"
    assert "漕溪北路" not in told[Fact.ADDRESS]
    assert [item.fact for item in asked_again("请发一下手机号和姓名", {Fact.PHONE: "138****8000"})] == [Fact.PHONE]


@pytest.fixture
def phone(desk: Desk) -> Channel:
    made: Channel = Channel.objects.get_or_create(key="phone", defaults={"name": "热线", "kind": "phone"})[0]
    configuration.forget()
    return made


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket], agent: User) -> Ticket:
    made = make_ticket("杯子碎了，我住上海市徐汇区漕溪北路88号501室", order_no="TB20261118001")
    transitions.assign(ticket=made, actor=agent)
    return Ticket.objects.get(pk=made.pk)


@pytest.mark.django_db
def test_ticket_customer_and_earlier_messages_are_all_known(ticket: Ticket) -> None:
    asked = repeats_in(ticket=ticket, text="麻烦您提供订单号、手机号、收货地址和姓名")
    assert {item.fact for item in asked} == set(Fact)
    assert not any("13800138000" in item.sentence or "漕溪" in item.sentence for item in asked)


@pytest.mark.django_db
def test_a_reply_that_asks_for_nothing_costs_no_statement(
    ticket: Ticket, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        assert repeats_in(ticket=ticket, text="您好，马上为您处理。") == []


@pytest.mark.django_db
def test_the_composer_warns_and_does_not_block(ticket: Ticket, agent: User) -> None:
    person = browser(agent)
    words = {"kind": "reply", "body": "请问您的订单号是多少？"}
    known = person.post(f"/desk/{ticket.number}/draft/", words).json()["known"]
    assert [item["sentence"] for item in known] == ["订单号客户已提供：TB20261118001"]
    text(person.post(f"/desk/{ticket.number}/send/", words))
    note = person.post(f"/desk/{ticket.number}/draft/", {"kind": "note", "body": "订单号是多少"})
    assert "known" not in note.json()


@pytest.mark.django_db
def test_it_is_counted_among_the_quality_items(ticket: Ticket, agent: User) -> None:
    norm = {"stage": "handled", "name": "不问已知的", "requirement": {"field": "asked_again", "op": "eq", "value": 0}}
    save_norm(norm=None, actor=None, values=norm)
    conversation.reply(ticket=ticket, actor=agent, body="请提供手机号和订单号")
    assert TicketMessage.objects.get(kind="reply").asked_again == 2
    transitions.solve(ticket=ticket, actor=agent)
    judging.judge(Event.objects.filter(kind="ticket.solved"))
    assert NormBreach.objects.get(kind="quality").ticket == ticket


@pytest.mark.django_db
def test_what_the_customer_told_after_the_question_was_not_asked_again(
    make_ticket: Callable[..., Ticket], agent: User
) -> None:
    made = make_ticket("杯子碎了", customer=intake.CustomerGiven(external_ids={"taobao": "tb_1"}))
    transitions.assign(ticket=made, actor=agent)
    conversation.reply(ticket=made, actor=agent, body="请提供订单号")
    conversation.customer_message(ticket=made, actor=None, body="订单号 TB20261118001")
    assert TicketMessage.objects.get(kind="reply").asked_again == 0


@pytest.mark.django_db
def test_from_chat_to_phone_it_is_the_same_ticket_and_the_second_agent_sees_everything(
    ticket: Ticket, agent: User, agent2: User, phone: Channel
) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="您好，正在核实。")
    second = browser(agent2)
    text(second.post(f"/desk/{ticket.number}/do/called/", {"reason": "打电话来问进度，还没人回"}))
    assert "请填写客户在电话里" in text(second.post(f"/desk/{ticket.number}/do/called/", {"reason": " "}))
    assert Ticket.objects.count() == 1
    thread = text(second.get(f"/desk/{ticket.number}/thread/"))
    for words in ("杯子碎了", "正在核实", "打电话来问进度", "热线"):
        assert words in thread


@pytest.mark.django_db
def test_another_system_adds_a_call_to_the_ticket_of_the_chat(ticket: Ticket, agent2: User, phone: Channel) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=agent2, name='t', actor=agent2)[1]}")
    address = f"/api/v1/tickets/{ticket.pk}/messages/"
    made = client.post(address, {"kind": "customer", "channel": "phone", "body": "来电"}, format="json").json()
    assert made["channel"] == "phone"
    wrong = client.post(address, {"kind": "note", "channel": "phone", "body": "备注"}, format="json")
    assert (wrong.status_code, "channel" in wrong.json()["fields"]) == (400, True)
