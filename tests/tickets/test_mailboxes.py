"""Mail fetched by IMAP and sent by SMTP, against real servers, over TLS."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client

from core import clock
from core.errors import InvalidInput
from core.events import Event
from core.outbox import OutboxItem, OutboxState, deliver_due
from crm.staff.models import User
from tests.tickets.mail_servers import Imap, Smtp, imap_server, make_certificate, smtp_server
from tests.tickets.mails import mail
from tickets.choices import MessageKind, TicketStatus
from tickets.models import Channel, InboundMessage, Mailbox, Notice, Ticket
from tickets.senders import RETRY_AFTER
from tickets.services import channel_health, conversation, outgoing
from tickets.services.email import original, receive_mail
from tickets.services.mailboxes import polling
from tickets.services.mailboxes.configuring import save_mailbox
from tickets.triage import Judgement, judge

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B03")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def _inside(settings: Any, certificate: Path) -> None:
    settings.MAIL_ALLOW = ["localhost"]
    settings.MAIL_CA_FILE = str(certificate)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def imap(certificate: Path) -> Iterator[Imap]:
    with imap_server(Imap(), certificate) as account:
        yield account


@pytest.fixture
def smtp(certificate: Path) -> Iterator[Smtp]:
    with smtp_server(Smtp(), certificate) as post:
        yield post


@pytest.fixture
def channel(desk: Any) -> Channel:
    return Channel.objects.create(key="email-vip", name="VIP 邮箱", kind="email")


@pytest.fixture
def mailbox(imap: Imap, channel: Channel, admin: User) -> Mailbox:
    box = Mailbox(channel=channel, address="Kefu@shop.cn", imap_host="localhost", imap_port=imap.port)
    return save_mailbox(mailbox=box, actor=admin, password="secret word")


def poll(mailbox: Mailbox) -> int:
    taken = polling.poll(mailbox.pk)
    mailbox.refresh_from_db()
    return taken


# In


def test_a_mail_in_the_mailbox_becomes_a_ticket_of_its_channel_and_is_seen(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("杯子碎了"))
    assert poll(mailbox) == 1
    ticket = Ticket.objects.get()
    assert ticket.channel == mailbox.channel
    assert ticket.messages.get().body == "杯子碎了"
    assert imap.unseen() == []
    assert (mailbox.uid_validity, mailbox.last_uid, mailbox.waiting_uids) == (1, 1, [])
    assert poll(mailbox) == 0
    imap.add(mail("第二封", message_id="<m2@qq.com>"))
    assert poll(mailbox) == 1
    assert Ticket.objects.count() == 2


def test_what_was_read_before_us_stays_what_was_unread_is_fetched(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("旧的，已读"), "\\Seen")
    imap.add(mail("旧的，未读", message_id="<m2@qq.com>"))
    assert poll(mailbox) == 1
    assert Ticket.objects.get().messages.get().body == "旧的，未读"
    # Read by somebody in the web mail before we came: still a customer's mail.
    imap.add(mail("新的，已被人读过", message_id="<m3@qq.com>"), "\\Seen")
    assert poll(mailbox) == 1


def test_a_mail_is_marked_as_seen_only_after_it_was_stored(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("一"))
    with patch("tickets.services.email.InboundMessage.objects.create", side_effect=OSError("disk")):
        assert poll(mailbox) == 0
    assert imap.unseen() == [1]
    assert (mailbox.failures, mailbox.waiting_uids or mailbox.last_uid) == (1, [1])
    assert poll(mailbox) == 1
    assert (imap.unseen(), mailbox.failures) == ([], 0)
    first_store = next(place for place, line in enumerate(imap.log) if line.upper().startswith("UID STORE"))
    assert any("BODY.PEEK[]" in line for line in imap.log[:first_store])


def test_a_line_cut_between_storing_and_marking_makes_no_second_ticket(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("一"))
    imap.drops_at = "UID STORE"
    assert poll(mailbox) == 0
    assert (Ticket.objects.count(), imap.unseen()) == (1, [1])
    imap.drops_at = ""
    assert poll(mailbox) == 1
    assert (Ticket.objects.count(), imap.unseen()) == (1, [])


def test_what_fails_after_storing_is_taken_up_by_the_sweep_and_holds_nobody_up(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("坏的"))
    imap.add(mail("好的", message_id="<m2@qq.com>"))
    calls: list[str] = []

    def fails_once(text: str) -> Judgement:
        calls.append(text)
        if len(calls) == 1:
            raise KeyError("bug")
        return judge(text)

    with patch("tickets.services.intake.judge", side_effect=fails_once):
        assert poll(mailbox) == 2
    assert Ticket.objects.count() == 1
    assert InboundMessage.objects.filter(state=InboundMessage.State.RECEIVED).count() == 1
    assert imap.unseen() == []


def test_numbering_anew_repeats_nothing_and_loses_nothing(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("一"))
    poll(mailbox)
    # The server was restored: new numbers, flags lost, one mail more.
    imap.validity, imap.mails = 2, {}
    imap.add(mail("一"))
    imap.add(mail("二", message_id="<m2@qq.com>"))
    assert poll(mailbox) == 2
    assert (Ticket.objects.count(), mailbox.uid_validity, mailbox.last_uid) == (2, 2, 2)


def test_a_server_that_tells_no_next_number(mailbox: Mailbox, imap: Imap) -> None:
    imap.tells_uidnext = False
    imap.add(mail("旧"), "\\Seen")
    imap.add(mail("新", message_id="<m2@qq.com>"))
    assert poll(mailbox) == 1
    assert Ticket.objects.get().messages.get().body == "新"


def test_the_same_mail_in_two_mailboxes_or_by_pipe_is_one_ticket(
    mailbox: Mailbox, imap: Imap, certificate: Path, admin: User
) -> None:
    channel = Channel.objects.create(key="email-b", name="B", kind="email")
    with imap_server(Imap(user="b@shop.cn"), certificate) as other:
        second = Mailbox(channel=channel, address="b@shop.cn", imap_host="localhost", imap_port=other.port)
        save_mailbox(mailbox=second, actor=admin, password="secret word")
        imap.add(mail("抄送两个邮箱"))
        other.add(mail("抄送两个邮箱"))
        assert (poll(mailbox), poll(second)) == (1, 1)
    assert receive_mail(mail("抄送两个邮箱")).result == "duplicate"
    assert Ticket.objects.get().channel == mailbox.channel


def test_an_answer_joins_the_ticket_of_another_mailbox(mailbox: Mailbox, imap: Imap) -> None:
    receive_mail(mail("坏了"))
    imap.add(mail("补充", message_id="<m2@qq.com>", headers={"In-Reply-To": "<m1@qq.com>"}))
    imap.add(mail("再补充", message_id="<m3@qq.com>", headers={"In-Reply-To": "<m2@qq.com>"}))
    assert poll(mailbox) == 2
    assert [message.body for message in Ticket.objects.get().messages.all()] == ["坏了", "补充", "再补充"]


def test_a_huge_mail_is_taken_in_by_its_beginning_and_stays_in_the_mailbox(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("请看附件的录像\r\n" + "x" * 26 * 1024 * 1024))
    assert poll(mailbox) == 1
    body = Ticket.objects.get().messages.get().body
    assert body.startswith("请看附件的录像")
    assert imap.mails[1].flags == {"\\Flagged"}
    assert len(original_of(Ticket.objects.get())) == polling.BEGINNING_BYTES


def original_of(ticket: Ticket) -> bytes:
    assert ticket.inbound
    return original(ticket.inbound)


def test_our_own_mail_coming_back_makes_no_ticket(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("自己", sender="客服 <KEFU@shop.cn>"))
    assert poll(mailbox) == 1
    assert not Ticket.objects.exists()


def test_providers_that_ask_who_we_are_are_told(mailbox: Mailbox, imap: Imap) -> None:
    imap.needs_id = True
    imap.add(mail("来自网易邮箱"))
    assert poll(mailbox) == 1


def test_a_mail_deleted_meanwhile_is_passed_over(mailbox: Mailbox, imap: Imap) -> None:
    imap.add(mail("一"))
    poll(mailbox)
    mailbox.waiting_uids = [77]
    mailbox.save(update_fields=["waiting_uids"])
    assert poll(mailbox) == 0
    assert (mailbox.waiting_uids, mailbox.failures) == ([], 0)


# When it fails


def test_a_failing_mailbox_backs_off_alarms_once_and_recovers(mailbox: Mailbox, imap: Imap, frozen: Any) -> None:
    imap.drops_at = "UID SEARCH"
    waits = []
    for _n in range(4):
        poll(mailbox)
        assert mailbox.next_at
        waits.append(mailbox.next_at - clock.now())
    assert waits == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    alarm = Event.objects.get(kind=polling.FAILING)
    assert (alarm.payload["channel"], alarm.payload["failures"]) == ("email-vip", 3)
    [trouble] = channel_health.troubles()
    assert (trouble.channel, trouble.way, trouble.since) == (mailbox.channel, "receiving", clock.now())
    assert polling.queue_polls(clock.now()) == 0
    frozen.shift(8 * 60)
    assert polling.queue_polls(clock.now()) == 1
    imap.drops_at = ""
    poll(mailbox)
    assert (mailbox.failures, mailbox.next_at, mailbox.last_error) == (0, None, "")
    assert Event.objects.filter(kind=polling.RECOVERED).count() == 1
    assert channel_health.troubles() == []


def test_a_refused_login_alarms_at_once_and_tells_no_password(mailbox: Mailbox, imap: Imap, admin: User) -> None:
    save_mailbox(mailbox=mailbox, actor=admin, password="wrong word")
    poll(mailbox)
    assert mailbox.last_error.startswith("登录被拒绝")
    client = Client()
    client.force_login(admin)
    home = client.get("/").content.decode()
    assert mailbox.channel.name in home
    assert "收不到新消息" in home
    assert client.get("/readyz").json()["channels_failing"] == 1
    assert Event.objects.filter(kind=polling.FAILING).count() == 1
    assert "wrong word" not in mailbox.last_error
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM tickets_mailbox t UNION ALL SELECT e::text FROM core_event e")
        assert not any("wrong word" in row for (row,) in cursor.fetchall())


def test_a_certificate_of_somebody_else_is_refused(mailbox: Mailbox, settings: Any) -> None:
    settings.MAIL_CA_FILE = ""
    assert poll(mailbox) == 0
    assert "CERTIFICATE_VERIFY_FAILED" in mailbox.last_error


def test_starttls(certificate: Path, channel: Channel, admin: User) -> None:
    with imap_server(Imap(implicit_tls=False), certificate) as account:
        account.add(mail("加密升级"))
        box = Mailbox(
            channel=channel,
            address="kefu@shop.cn",
            imap_host="localhost",
            imap_port=account.port,
            imap_security="starttls",
        )
        save_mailbox(mailbox=box, actor=admin, password="secret word")
        assert poll(box) == 1
        assert account.log.index("STARTTLS") < next(n for n, line in enumerate(account.log) if "LOGIN" in line)


@pytest.mark.parametrize(
    ("host", "security"),
    [("127.0.0.1", "tls"), ("169.254.169.254", "tls"), ("[::1]", "tls"), ("a b", "tls"), ("8.8.8.8", "none")],
)
def test_hosts_inside_the_network_and_plain_text_are_refused(
    channel: Channel, admin: User, host: str, security: str
) -> None:
    box = Mailbox(channel=channel, address="kefu@shop.cn", imap_host=host, imap_security=security)
    with pytest.raises(InvalidInput) as refused:
        save_mailbox(mailbox=box, actor=admin, password="x")
    assert "imap_host" in refused.value.fields


def test_a_host_that_moves_inside_later_is_not_spoken_to(mailbox: Mailbox, imap: Imap, settings: Any) -> None:
    settings.MAIL_ALLOW = []
    imap.add(mail("一"))
    assert poll(mailbox) == 0
    assert "内部网络" in mailbox.last_error
    assert imap.log == []


def test_the_periodic_job_queues_one_poll_for_each_mailbox_that_is_due(mailbox: Mailbox, imap: Imap) -> None:
    OutboxItem.objects.all().delete()
    imap.add(mail("一"))
    assert polling.queue_polls(clock.now()) == 1
    assert polling.queue_polls(clock.now() + timedelta(seconds=30)) == 0
    assert deliver_due() == 1
    assert Ticket.objects.count() == 1
    save_mailbox(mailbox=Mailbox.objects.get(), actor=None)
    Mailbox.objects.update(is_active=False)
    assert polling.queue_polls(clock.now() + timedelta(seconds=60)) == 0


# Setting up


def test_the_password_is_never_shown_and_an_empty_field_keeps_it(mailbox: Mailbox, admin: User) -> None:
    client = Client()
    client.force_login(admin)
    page = client.get(f"/admin/tickets/mailbox/{mailbox.pk}/change/")
    assert page.status_code == 200
    assert "secret word" not in page.content.decode()
    values = {
        "channel": mailbox.channel_id,
        "address": mailbox.address,
        "imap_host": "localhost",
        "imap_port": mailbox.imap_port,
        "imap_security": "tls",
        "folder": "INBOX",
        "smtp_port": 465,
        "smtp_security": "tls",
        "is_active": "on",
        "secret": "",
    }
    answer = client.post(f"/admin/tickets/mailbox/{mailbox.pk}/change/", values)
    assert answer.status_code == 302
    assert Mailbox.objects.get().password == "secret word"
    refused = client.post(f"/admin/tickets/mailbox/{mailbox.pk}/change/", {**values, "imap_host": "10.0.0.8"})
    assert "地址指向内部网络" in refused.content.decode()


# Out


@pytest.fixture
def ticket(mailbox: Mailbox, imap: Imap, smtp: Smtp, admin: User) -> Ticket:
    mailbox.smtp_host, mailbox.smtp_port = "localhost", smtp.port
    save_mailbox(mailbox=mailbox, actor=admin)
    imap.add(mail("坏了", subject="broken"))
    poll(mailbox)
    OutboxItem.objects.all().delete()
    return Ticket.objects.get()


def test_an_answer_leaves_through_the_mailbox_in_the_thread(ticket: Ticket, smtp: Smtp, agent: User) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
    assert deliver_due() == 1
    ((sender, to, raw),) = smtp.letters
    assert (sender, to, smtp.encrypted) == ("kefu@shop.cn", ["zhang.san@qq.com"], [True])
    text = raw.decode()
    assert "From: kefu@shop.cn" in text
    assert "In-Reply-To: <m1@qq.com>" in text
    assert f"Message-ID: <{outgoing.message_id(ticket.number, f'reply-{message.pk}')}>" in text


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_good_is_noted_at_once(ticket: Ticket, smtp: Smtp, agent: User, verb: str) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
    status = Ticket.objects.get().status
    smtp.answers[verb] = ["550 5.1.1 no such user zhang.san@qq.com"]
    assert deliver_due() == 0
    assert OutboxItem.objects.get().state == OutboxState.DEAD
    message.refresh_from_db()
    assert message.undelivered_at is not None
    assert message.undelivered_reason.startswith("550 5.1.1 no such user")
    assert "zhang.san@qq.com" not in message.undelivered_reason
    assert Notice.objects.get().kind == "undelivered"
    assert Notice.objects.get().user == agent
    note = ticket.messages.get(kind=MessageKind.NOTE)
    assert "邮件未送达" in note.body
    assert "550 5.1.1" in note.body
    assert "zhang.san@qq.com" not in note.body
    assert Ticket.objects.get().status == status == TicketStatus.OPEN


@pytest.mark.parametrize(
    ("verb", "answer"),
    [("RCPT", "451 4.7.1 greylisted"), ("DATA", "452 full"), ("MAIL", "451 later"), ("AUTH", "535 no")],
)
def test_a_refusal_for_now_is_tried_again_under_the_same_id(
    ticket: Ticket, smtp: Smtp, agent: User, verb: str, answer: str
) -> None:
    message = conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
    smtp.answers[verb] = [answer]
    assert deliver_due() == 0
    item = OutboxItem.objects.get()
    assert item.state == OutboxState.READY
    assert item.next_at >= clock.now() + timedelta(seconds=50)
    failing = Channel.objects.get(pk=ticket.channel_id)
    assert (failing.sending_failing_since is not None) == (verb in ("AUTH", "MAIL"))
    assert deliver_due(now=clock.now() + timedelta(minutes=3)) == 1
    assert Channel.objects.get(pk=ticket.channel_id).sending_failing_since is None
    assert outgoing.message_id(ticket.number, f"reply-{message.pk}") in smtp.letters[0][2].decode()
    assert not ticket.messages.filter(kind=MessageKind.NOTE).exists()


def test_what_is_given_up_after_the_last_try_is_noted_too(ticket: Ticket, agent: User) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
    OutboxItem.objects.update(attempt=len(RETRY_AFTER))
    with patch("tickets.services.outgoing.send", side_effect=smtplib.SMTPServerDisconnected("gone")):
        deliver_due()
    assert OutboxItem.objects.get().state == OutboxState.DEAD
    assert "多次尝试后放弃" in ticket.messages.get(kind=MessageKind.NOTE).body


def test_sending_by_starttls(ticket: Ticket, certificate: Path, mailbox: Mailbox, agent: User) -> None:
    with smtp_server(Smtp(implicit_tls=False), certificate) as post:
        Mailbox.objects.update(smtp_port=post.port, smtp_security="starttls")
        conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
        assert deliver_due() == 1
        assert post.encrypted == [True]
