"""A reply to somebody who wrote by mail leaves by mail, once, in the thread."""

import smtplib
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail as sent
from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from core.outbox import OutboxItem, OutboxState, deliver_due
from crm.staff.models import User
from tests.tickets.mails import mail
from tickets.models import Ticket
from tickets.services import conversation, outgoing
from tickets.services.attachments import store_attachment
from tickets.services.email import receive_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
Make = Callable[..., Ticket]


@pytest.fixture
def ticket() -> Ticket:
    return Ticket.objects.get(pk=receive_mail(mail("坏了", subject="broken")).ticket)


@pytest.fixture(autouse=True)
def _no_live_nudges() -> Any:
    """Other rows of the outbox are not the matter here."""
    OutboxItem.objects.all().delete()


@pytest.mark.capability("B03")
def test_a_reply_is_sent_in_the_thread(ticket: Ticket, agent: User) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="请寄回，运费我们出。")
    assert deliver_due() == 1
    (letter,) = sent.outbox
    headers = letter.message()
    assert letter.to == ["zhang.san@qq.com"]
    assert letter.subject == f"Re: broken [#{ticket.number}]"
    assert letter.body == "请寄回，运费我们出。"
    assert headers["Message-ID"] == f"<{outgoing.message_id(ticket.number, f'reply-{message.pk}')}>"
    assert headers["In-Reply-To"] == headers["References"] == "<m1@qq.com>"
    assert (headers["X-Kean"], headers["Auto-Submitted"]) == (ticket.number, "no")


def test_it_goes_on_in_the_thread_of_what_was_said_last(ticket: Ticket, agent: User) -> None:
    receive_mail(mail("补充", message_id="<m2@qq.com>", headers={"In-Reply-To": "<m1@qq.com>"}))
    conversation.reply(ticket=ticket, actor=agent, body="收到")
    deliver_due()
    headers = sent.outbox[0].message()
    assert headers["In-Reply-To"] == "<m2@qq.com>"
    assert headers["References"] == "<m1@qq.com> <m2@qq.com>"


def test_what_waits_in_the_outbox_tells_nobody_the_words_or_the_address(ticket: Ticket, agent: User) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="秘密")
    item = OutboxItem.objects.get(kind="email")
    assert item.dedupe_key == f"reply:{message.pk}"
    assert item.payload == {"message": message.pk}
    assert "qq.com" not in item.target


def test_a_failed_try_is_repeated_under_the_same_id(ticket: Ticket, agent: User) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    with patch("django.core.mail.EmailMessage.send", side_effect=OSError("no route")):
        assert deliver_due() == 0
    OutboxItem.objects.update(next_at=clock.now())
    assert deliver_due() == 1
    assert len(sent.outbox) == 1


@pytest.mark.parametrize(
    ("code", "state"), [(550, OutboxState.DEAD), (450, OutboxState.READY)], ids=["for good", "for now"]
)
def test_an_address_that_is_refused(ticket: Ticket, agent: User, code: int, state: str) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    refusal = smtplib.SMTPRecipientsRefused({"zhang.san@qq.com": (code, b"no")})
    with patch("django.core.mail.EmailMessage.send", side_effect=refusal):
        deliver_due()
    assert OutboxItem.objects.get(kind="email").state == state


def test_files_go_along(ticket: Ticket, agent: User) -> None:
    file = store_attachment(upload=SimpleUploadedFile("说明.txt", "步骤".encode()), actor=agent)
    conversation.reply(ticket=ticket, actor=agent, body="见附件", attachments=[file])
    deliver_due()
    assert sent.outbox[0].attachments == [("说明.txt", "步骤", "text/plain")]


def test_a_note_is_sent_to_nobody(ticket: Ticket, agent: User) -> None:
    conversation.add_note(ticket=ticket, actor=agent, body="内部")
    assert not OutboxItem.objects.filter(kind="email").exists()


@pytest.mark.parametrize(
    ("changes", "queued"),
    [({"do_not_contact_at": clock.now}, True), ({"is_anonymous": True}, False), ({"email": ""}, False)],
    ids=["asked not to be contacted", "anonymous", "no address"],
)
def test_who_may_be_answered(ticket: Ticket, agent: User, changes: dict[str, Any], queued: bool) -> None:
    for name, value in changes.items():
        setattr(ticket.customer, name, value() if callable(value) else value)
    ticket.customer.save()
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    assert OutboxItem.objects.filter(kind="email").exists() == queued


def test_a_customer_forgotten_meanwhile_gets_nothing(ticket: Ticket, agent: User) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    ticket.customer.email = ""
    ticket.customer.save()
    assert deliver_due() == 0
    assert not sent.outbox


def test_a_reply_on_another_channel_is_no_mail(make_ticket: Make, agent: User) -> None:
    conversation.reply(ticket=make_ticket(), actor=agent, body="您好")
    assert not OutboxItem.objects.filter(kind="email").exists()


def test_a_subject_cannot_smuggle_headers(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(subject="x\r\nBcc: all@evil.cn")
    conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    deliver_due()
    assert sent.outbox[0].message()["Bcc"] is None


def test_an_undone_reply_is_not_sent(ticket: Ticket, agent: User) -> None:
    died = RuntimeError("died")
    with patch("tickets.services.conversation.record_events", side_effect=died), pytest.raises(RuntimeError):
        conversation.reply(ticket=ticket, actor=agent, body="请寄回")
    assert not OutboxItem.objects.filter(kind="email").exists()
