"""A mail becomes a ticket once, joins the conversation it answers, or is set aside with a reason."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command

from core.errors import InvalidInput
from crm.staff.models import User
from tests.tickets.mails import PDF, PNG, b64, mail, multipart, part, word
from tickets.choices import MessageKind
from tickets.models import Attachment, InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, intake, outgoing, transitions
from tickets.services import email as mail_service
from tickets.services.email import Outcome, original, receive_mail, take_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
Make = Callable[..., Ticket]

WITH_FILES = mail(
    multipart(
        "mixed",
        part("照片和单据见附件"),
        part(b64(PNG), 'image/png; name="../../图.png"', Content_Transfer_Encoding="base64"),
        part(b64(PDF), 'application/pdf; name="bill.pdf"', Content_Transfer_Encoding="base64"),
        part(b64(b"MZ..."), 'application/octet-stream; name="setup.exe"', Content_Transfer_Encoding="base64"),
    )
)


@pytest.mark.capability("B03", "C02")
def test_a_mail_becomes_a_ticket() -> None:
    received = receive_mail(mail("榨汁机坏了", subject=word("质量问题"), sender=f"{word('张三')} <Zhang@QQ.com>"))
    ticket = Ticket.objects.get(pk=received.ticket)
    assert received.result == Outcome.CREATED
    assert (ticket.channel.kind, ticket.external_id, ticket.subject) == ("email", "m1@qq.com", "质量问题")
    assert (ticket.customer.name, ticket.customer.email) == ("张三", "zhang@qq.com")
    assert ticket.messages.get().body == "榨汁机坏了"
    assert ticket.customer.email_verified_at is None  # anybody can write any address into From


@pytest.mark.capability("C02")
@pytest.mark.parametrize("message_id", ["<m1@qq.com>", "", f"<{'x' * 400}@qq.com>"])
def test_the_same_mail_twice_is_one_ticket(message_id: str) -> None:
    raw = mail("一样的", message_id=message_id)
    first, second = receive_mail(raw), receive_mail(raw)
    assert (first.result, second.result) == (Outcome.CREATED, Outcome.DUPLICATE)
    assert first.ticket == second.ticket
    assert TicketMessage.objects.count() == 1


def test_the_mail_is_kept_byte_for_byte() -> None:
    receive_mail(WITH_FILES)
    assert original(InboundMessage.objects.get()) == WITH_FILES


def test_what_died_on_the_way_is_taken_up() -> None:
    with patch("tickets.services.intake.judge", side_effect=RuntimeError("died")), pytest.raises(RuntimeError):
        receive_mail(WITH_FILES)
    stored = InboundMessage.objects.get()
    assert stored.state == InboundMessage.State.RECEIVED
    assert take_up(stored)
    assert Ticket.objects.get().messages.get().attachments.count() == 2
    assert receive_mail(WITH_FILES).result == Outcome.DUPLICATE


def test_the_sweep_takes_up_mail_and_plain_messages_of_the_channel(frozen: Any) -> None:
    with patch("tickets.services.intake.judge", side_effect=RuntimeError("died")):
        with pytest.raises(RuntimeError):
            receive_mail(mail("邮件"))
        with pytest.raises(RuntimeError):
            intake.receive(request=intake.Request(channel="email", external_id="api-1", body="接口"), actor=None)
    frozen.shift(61)
    assert intake.sweep(takers={mail_service.CHANNEL: take_up}) == 2
    assert set(TicketMessage.objects.values_list("ticket__external_id", flat=True)) == {"m1@qq.com", "api-1"}


# Files


@pytest.mark.capability("B03")
def test_files_are_kept_and_refused_ones_are_named() -> None:
    received = receive_mail(WITH_FILES)
    assert received.attachments == ["图.png", "bill.pdf", "setup.exe"]
    assert "setup.exe" in received.reason
    message = TicketMessage.objects.get()
    assert [file.name for file in message.attachments.all()] == ["图.png", "bill.pdf"]
    assert message.attachments.first().file.read() == PNG
    assert "setup.exe" in message.body


def test_a_mail_of_nothing_but_a_file_is_a_ticket() -> None:
    raw = mail(part(b64(PNG), "image/png", Content_Transfer_Encoding="base64"), subject="")
    assert receive_mail(raw).result == Outcome.CREATED
    assert Attachment.objects.get().message.body == ""


def test_a_mail_with_only_a_subject_says_what_the_subject_says() -> None:
    receive_mail(mail("", subject=word("我要退款")))
    assert TicketMessage.objects.get().body == "我要退款"


def test_a_mail_that_says_nothing_is_rejected_and_kept() -> None:
    received = receive_mail(mail("", subject=""))
    assert received.result == Outcome.REJECTED
    assert InboundMessage.objects.get().state == InboundMessage.State.REJECTED


# Conversations


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
def test_an_answer_joins_the_ticket_it_answers(header: str) -> None:
    first = receive_mail(mail("第一封"))
    answer = mail("第二封", message_id="<m2@qq.com>", headers={header: "<x@y> <m1@qq.com>"})
    received = receive_mail(answer)
    assert (received.result, received.ticket) == (Outcome.APPENDED, first.ticket)
    assert receive_mail(answer).result == Outcome.DUPLICATE
    third = mail("第三封", message_id="<m3@qq.com>", headers={header: "<m2@qq.com>"})
    assert receive_mail(third).ticket == first.ticket


def test_an_answer_to_our_reply_joins_its_ticket_and_reopens_it(agent: User) -> None:
    ticket = Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    transitions.solve(ticket=Ticket.objects.get(), actor=agent)
    ours = outgoing.message_id(ticket.number, "reply-1")
    body = "还是坏的\n\n在 2026年11月16日，客服 <k@s.cn> 写道：\n> 请寄回"
    received = receive_mail(mail(body, message_id="<m2@qq.com>", headers={"In-Reply-To": f"<{ours}>"}))
    assert received.result == Outcome.APPENDED
    assert received.text == body
    ticket.refresh_from_db()
    assert ticket.is_open
    assert ticket.messages.filter(kind=MessageKind.CUSTOMER).last().body == "还是坏的"


def test_a_made_up_message_id_opens_no_door() -> None:
    ticket = Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)
    forged = f"<{ticket.number}.reply-1.{'0' * 20}@localhost>"
    stranger = mail("我也要", message_id="<s@evil.cn>", sender="s@evil.cn", headers={"In-Reply-To": forged})
    assert receive_mail(stranger).result == Outcome.CREATED


@pytest.mark.parametrize(
    ("sender", "result"), [("ZHANG.SAN@qq.com", Outcome.APPENDED), ("stranger@evil.cn", Outcome.CREATED)]
)
def test_the_number_in_the_subject_counts_only_for_the_customer(sender: str, result: Outcome) -> None:
    ticket = Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)
    received = receive_mail(mail("怎么样了", message_id="<m2@x>", sender=sender, subject=f"[#{ticket.number}]"))
    assert received.result == result


def test_another_person_in_the_conversation_is_named() -> None:
    receive_mail(mail("第一封"))
    other = mail("我是他太太", message_id="<m2@qq.com>", sender="wife@qq.com", headers={"In-Reply-To": "<m1@qq.com>"})
    receive_mail(other)
    assert TicketMessage.objects.last().body == "发件人：wife@qq.com\n我是他太太"


def test_an_answer_follows_the_ticket_into_which_it_was_merged(make_ticket: Make, admin: User) -> None:
    from tickets.services import merging

    gone = Ticket.objects.get(pk=receive_mail(mail("第一封")).ticket)
    stays = make_ticket(customer=intake.CustomerGiven(email="zhang.san@qq.com"))
    merging.merge(source=gone, target=stays, actor=admin)
    answer = mail("第二封", message_id="<m2@qq.com>", headers={"In-Reply-To": "<m1@qq.com>"})
    assert receive_mail(answer).ticket == stays.pk


# What is no ticket


@pytest.mark.parametrize(
    "raw",
    [
        mail(headers={"Auto-Submitted": "auto-replied"}),
        mail(sender="MAILER-DAEMON@mx.cn"),
        mail(headers={"List-Id": "<news.shop.cn>"}),
        mail(sender="Kean <KEAN@localhost>"),
    ],
)
def test_automatic_mail_is_ignored_with_a_reason_and_kept(raw: bytes) -> None:
    for _delivery in range(2):
        received = receive_mail(raw)
        assert received.result == Outcome.IGNORED
        assert received.reason
        assert received.text == "您好"
        assert received.sender
    assert not Ticket.objects.exists()
    assert InboundMessage.objects.get().error == received.reason


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        pytest.param(b"", 0, id="empty"),
        pytest.param(b"Subject: x\n\n" + b"x" * 26 * 1024 * 1024, 0, id="too large"),
        pytest.param(mail(multipart("mixed", *[part("x")] * 500)), 1, id="too many parts"),
    ],
)
def test_bombs_are_rejected(raw: bytes, kept: int) -> None:
    received = receive_mail(raw)
    assert received.result == Outcome.REJECTED
    assert received.reason
    assert InboundMessage.objects.filter(state=InboundMessage.State.REJECTED).count() == kept


def test_a_mail_the_reader_trips_over_is_kept_and_the_others_go_on() -> None:
    with patch("tickets.services.email.read_mail", side_effect=KeyError("bug")):
        assert receive_mail(mail("一")).result == Outcome.REJECTED
    assert original(InboundMessage.objects.get()) == mail("一")
    assert receive_mail(mail("二", message_id="<m2@qq.com>")).result == Outcome.CREATED


def test_what_a_service_refuses_is_rejected_with_its_sentence() -> None:
    with patch("tickets.services.intake.resolve_customer", side_effect=InvalidInput("名字不对")):
        assert receive_mail(mail()).reason == "名字不对"
    assert InboundMessage.objects.get().error == "名字不对"


# Odd senders and sizes


@pytest.mark.parametrize("sender", ["", "no address at all", "a@b", f"{'x' * 300}@qq.com", "\x00\x01"])
def test_a_sender_nobody_can_answer_gets_a_ticket(sender: str) -> None:
    received = receive_mail(mail("投诉", sender=sender))
    assert received.result == Outcome.CREATED
    assert Ticket.objects.get().customer.email == ""


def test_a_very_long_mail_is_cut_with_a_note_and_kept_whole() -> None:
    raw = mail("长" * 50_000)
    received = receive_mail(raw)
    body = TicketMessage.objects.get().body
    assert len(body) == len(received.text) == mail_service.BODY_LIMIT
    assert body.endswith("全文见原始邮件）")
    assert original(InboundMessage.objects.get()) == raw


def test_long_names_and_subjects_are_cut() -> None:
    receive_mail(mail(sender=f"{word('名' * 300)} <a@b.cn>", subject=word("题" * 300)))
    ticket = Ticket.objects.get()
    assert len(ticket.customer.name) == 100
    assert len(ticket.subject) == 200


def test_control_and_direction_characters_do_not_reach_names() -> None:
    receive_mail(mail(sender=f"{word(chr(0x202E) + '张' + chr(7) + '三')} <a@b.cn>"))
    assert Ticket.objects.get().customer.name == "张三"


# The command


def _run(*files: Path) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("receive_email", *map(str, files), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_command_says_one_line_for_each_file(tmp_path: Path) -> None:
    names = {"a.eml": mail("一", sender="张 <A@B.cn>".encode()), "b.eml": b"", "c.eml": mail("三", message_id="<3@x>")}
    for name, raw in names.items():
        (tmp_path / name).write_bytes(raw)
    lines = _run(*[tmp_path / name for name in names], tmp_path / "missing.eml", tmp_path)
    assert [line["result"] for line in lines] == ["created", "rejected", "created", "rejected", "rejected"]
    assert all(line["reason"] for line in lines if line["result"] == "rejected")
    assert set(lines[0]) == {"file", "result", "ticket", "from", "subject", "text", "attachments", "reason"}
    assert (lines[0]["from"], lines[0]["text"]) == ("a@b.cn", "一")
    assert lines[0]["file"] == str(tmp_path / "a.eml")


def test_the_command_reads_standard_input() -> None:
    class Pipe:
        buffer = io.BytesIO(mail("管道"))

    with patch("sys.stdin", Pipe()):
        (line,) = _run()
    assert (line["file"], line["result"], line["text"]) == ("-", "created", "管道")
