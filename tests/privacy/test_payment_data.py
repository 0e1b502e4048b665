"""Bank card and identity numbers that people paste are masked where they are stored and wherever they are shown."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from psycopg import sql

from core.events import Event
from core.language import mask_payment
from core.privacy.cipher import encrypt
from core.privacy.written import MASKED
from crm.staff.models import User
from tests.tickets.conftest import desk, make_ticket
from tests.tickets.mails import PNG, b64, mail, multipart, part, qp, word
from tests.workbench.conftest import browser, text
from tickets.models import InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, email, intake
from tickets.services.email import receive_mail

__all__ = ["desk", "make_ticket"]
pytestmark = pytest.mark.capability("J14")

CARD = "6222021234567890128"
VISA = "4111 1111 1111 1111"
ENCODED = {"Content_Transfer_Encoding": "base64"}
ID = "11010519491231002X"
MASKED_CARD = "***************0128"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"卡号{CARD}，谢谢", f"卡号{MASKED_CARD}，谢谢"),
        (f"请退到 {VISA}。", "请退到 **** **** **** 1111。"),
        ("卡号：６２２２０２１２３４５６７８９０１２８", "卡号：***************０１２８"),
        ("6222-0212-3456-7890-128", "****-****-****-***0-128"),
        (f"身份证{ID}", "身份证110*************2X"),
        (f"{CARD}\n{VISA}", f"{MASKED_CARD}\n**** **** **** 1111"),
        ("5555555555554444", "************4444"),
        ("American Express 信用卡 378282246310005", "American Express 信用卡 ***********0005"),
    ],
)
def test_card_and_identity_numbers_are_masked(given: str, kept: str) -> None:
    assert mask_payment(given) == kept
    assert mask_payment(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "手机 13800138000，座机 010-12345678",
        f"订单号 {CARD}",
        f"快递单号：{CARD}",
        "订单 2026112212345678901",
        "6222021234567890129",
        "110105194912310021",
        "9999999999999995",
        "2026-11-22 12:00:00 2026-11-23 12:00:00",
        "0000 0000 0000 0000",
        "",
    ],
)
def test_other_numbers_are_kept_to_the_last_digit(text: str) -> None:
    assert mask_payment(text) == text


def stored_texts() -> str:
    """Every text column of tickets and messages, opened."""
    found = [
        str(message.__dict__["body"].open(f"tickets_ticketmessage.body.{message.row_key}"))
        for message in TicketMessage.objects.all()
    ]
    for inbound in InboundMessage.objects.all():
        found.append(inbound.payload)
        if email.is_mail(inbound):
            raw = email.original(inbound)
            found += [raw.decode("latin-1"), email.read_mail(raw).text, email.read_mail(raw).html]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t::text FROM tickets_ticket t UNION ALL SELECT e::text FROM core_event e "
            "UNION ALL SELECT o::text FROM core_outboxitem o UNION ALL SELECT m::text FROM core_timer m"
        )
        found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def assert_gone() -> None:
    said = stored_texts()
    for number in (CARD, "6222021234567890", VISA, "4111111111111111", ID):
        assert number not in said


@pytest.mark.django_db
def test_a_chat_keeps_no_card_number(make_ticket: Callable[..., Ticket], agent: User) -> None:
    ticket = make_ticket(f"退到我的卡 {CARD}", subject=f"卡号{CARD}")
    conversation.customer_message(ticket=ticket, body=f"或者 {VISA}", actor=None)
    conversation.reply(ticket=ticket, actor=agent, body=f"收到：{CARD}")
    conversation.add_note(ticket=ticket, actor=agent, body=f"身份证 {ID}")
    assert_gone()
    page = text(browser(agent).get(f"/desk/{ticket.number}/"))
    assert CARD not in page
    assert MASKED_CARD in page


@pytest.mark.django_db
def test_the_api_and_the_form_keep_none(desk: Any, admin: User) -> None:
    client = Client(HTTP_X_REAL_IP="203.0.113.9")
    client.force_login(admin)
    given = {"channel": "web", "body": f"我的卡 {VISA}", "customer": {"name": "王先生"}}
    answer = client.post("/api/v1/tickets/", json.dumps(given), content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert "4111 1111" not in answer.content.decode()
    assert_gone()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [
        mail(f"卡号 {CARD}"),
        mail(part(b64(f"卡号 {CARD}".encode("gb18030")), "text/plain; charset=gbk", **ENCODED)),
        mail(part(qp(f"卡号 {CARD}，".encode() * 3), Content_Transfer_Encoding="quoted-printable")),
        mail("您好", subject=word(f"卡号 {CARD}")),
        mail(part(f"<p>卡号 <b>{CARD}</b></p>", "text/html; charset=utf-8")),
        mail(part("<p>卡号 <b>62220212</b>34567890128</p>", "text/html; charset=utf-8")),
        mail(multipart("alternative", part(f"卡号 {CARD}"), part(f"<p>卡号 {CARD}</p>", "text/html; charset=utf-8"))),
        mail(f"卡号 {CARD}", message_id=""),
        mail(part(f"卡号 {CARD}", "text/plain; charset=nonsense")),
        mail(f"卡号 {CARD}", headers={"X-Bad": b"\xff\xfe\x80", "To": "=?x?"}),
        mail(f"退信 {CARD}", sender="mailer-daemon@qq.com"),
        mail(multipart("mixed", *[part(f"卡号 {CARD}")] * 300)),
    ],
    ids=["plain", "base64", "quoted", "subject", "html", "tags", "both", "no-id", "charset", "broken", "back", "bomb"],
)
def test_a_mail_keeps_none_not_even_its_original(desk: Any, raw: bytes) -> None:
    first = receive_mail(raw)
    assert CARD not in first.text + first.subject
    assert InboundMessage.objects.count() == 1
    assert_gone()
    again = receive_mail(raw)
    assert Ticket.objects.count() <= 1
    assert InboundMessage.objects.count() == 1
    assert again.ticket == first.ticket


@pytest.mark.django_db
def test_files_and_headers_of_such_a_mail_stay(desk: Any) -> None:
    file = part(b64(PNG), 'image/png; name="a.png"', Content_Transfer_Encoding="base64")
    receive_mail(mail(multipart("mixed", part(f"卡号 {CARD}"), file), headers={"X-Own": "kept"}))
    ticket = Ticket.objects.get()
    assert ticket.messages.get().body == f"卡号 {MASKED_CARD}"
    assert ticket.messages.get().attachments.get().name == "a.png"
    assert ticket.inbound
    original = email.original(ticket.inbound)
    assert b"X-Own: kept" in original
    assert email.read_mail(original).files[0].content() == PNG


@pytest.mark.django_db
def test_mail_without_such_a_number_is_kept_byte_for_byte(desk: Any) -> None:
    raw = mail(f"订单号 {CARD}，手机 13800138000")
    receive_mail(raw)
    assert email.original(InboundMessage.objects.get()) == raw


def put_in_the_clear(row: Any, field: str, value: str) -> None:
    """As it was stored before there was masking."""
    place = type(row)._meta.get_field(field).place(row.row_key)
    with connection.cursor() as cursor:
        statement = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s")
        names = sql.Identifier(row._meta.db_table), sql.Identifier(field)
        cursor.execute(statement.format(*names), [encrypt(value, place), row.pk])


@pytest.mark.django_db
def test_history_is_shown_masked_and_masked_for_good_by_command(
    make_ticket: Callable[..., Ticket], agent: User
) -> None:
    ticket = make_ticket("旧的")
    receive_mail(mail("旧邮件"))
    message = ticket.messages.get()
    put_in_the_clear(message, "body", f"卡号 {CARD}")
    assert ticket.inbound
    request = json.dumps({**json.loads(ticket.inbound.payload), "body": f"卡号 {CARD}"}, ensure_ascii=False)
    put_in_the_clear(ticket.inbound, "payload", request)
    letter = InboundMessage.objects.get(channel_key="email")
    packed = json.loads(letter.payload) | {"mail": email._packed(mail(f"卡号 {VISA}"))}
    put_in_the_clear(letter, "payload", json.dumps(packed))
    # Shown masked although it is not stored masked yet.
    assert ticket.messages.get().body == f"卡号 {MASKED_CARD}"
    assert CARD not in text(browser(agent).get(f"/desk/{ticket.number}/"))
    counted = said("--stored", "--dry-run")
    assert CARD in stored_texts()
    assert not Event.objects.filter(kind=MASKED).exists()
    done = said("--stored", "--batch-size", "1")
    assert counted == done
    assert "tickets_ticketmessage.body: 1\n" in done
    assert "tickets_inboundmessage.payload: 2\n" in done
    assert_gone()
    assert "tickets_ticketmessage.body: 0\n" in said("--stored")
    told = Event.objects.filter(kind=MASKED).earliest("pk")
    assert told.payload["tickets_inboundmessage.payload"] == 2
    # A request masked this way can still be taken up.
    ticket.inbound.refresh_from_db()
    assert intake.Request.loads(ticket.inbound.payload).body == f"卡号 {MASKED_CARD}"


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("mask", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_wants_a_file_or_the_store(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--stored"):
        call_command("mask")
