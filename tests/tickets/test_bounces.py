"""Letters of ours that come back: noted on the ticket, and nothing else moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as sent

from core.events import Event
from core.outbox import deliver_due
from crm.staff.models import User
from tests.tickets.mails import b64, mail, multipart, part
from tests.workbench.conftest import browser, text
from tickets.choices import MessageKind
from tickets.models import Ticket, TicketMessage
from tickets.services import conversation, transitions
from tickets.services.email import Outcome, receive_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B03")]

REPORT = (
    "Reporting-MTA: dns; mx.qq.com\r\n\r\nFinal-Recipient: rfc822; zhang.san@qq.com\r\n"
    "Action: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <zhang.san@qq.com> mailbox unavailable\r\n"
)


@pytest.fixture
def letter(agent: User) -> Callable[[], Any]:
    """A reply sent by mail, and its ticket waiting for the customer."""

    def make() -> Any:
        ticket = Ticket.objects.get(pk=receive_mail(mail("坏了")).ticket)
        transitions.assign(ticket=ticket, actor=agent, assignee=agent)
        conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
        ticket.refresh_from_db()
        transitions.wait(ticket=ticket, actor=agent)
        deliver_due()
        return sent.outbox[-1].message()

    return make


def bounce(
    letter: Any, *, action: str = "failed", number: int = 1, inside: Callable[[bytes], bytes] | None = None
) -> bytes:
    original = letter.as_bytes()
    returned = part(b64(original), "message/rfc822", Content_Transfer_Encoding="base64") if inside else b""
    parts = [
        part("Your message could not be delivered."),
        part(REPORT.format(action=action), "message/delivery-status"),
        returned or part(original, "message/rfc822"),
    ]
    content = multipart("report", *parts, more="; report-type=delivery-status")
    return mail(content, sender="MAILER-DAEMON@qq.com", subject="Undelivered", message_id=f"<b{number}@qq.com>")


@pytest.mark.parametrize("inside", [None, b64])
def test_a_bounce_leaves_a_note_and_marks_the_message(letter: Any, agent: User, inside: Any) -> None:
    returned = letter()
    before = Ticket.objects.values("status", "next_due_at", "last_message_at", "reopen_count").get()
    received = receive_mail(bounce(returned, inside=inside))
    assert received.result == Outcome.IGNORED
    assert Ticket.objects.values("status", "next_due_at", "last_message_at", "reopen_count").get() == before
    ticket = Ticket.objects.get()
    assert ticket.status == "pending"
    assert ticket.messages.get(kind=MessageKind.REPLY).undelivered_at is not None
    note = ticket.messages.get(kind=MessageKind.NOTE)
    assert note.body.startswith("邮件未送达：")
    assert "550 5.1.1" in note.body
    assert "zhang.san@qq.com" not in note.body
    assert Event.objects.filter(kind="message.created", payload__message=note.pk).exists()
    page = text(browser(agent).get(f"/desk/{ticket.number}/"))
    assert "未送达" in page
    assert "邮件未送达" in page


def test_the_same_letter_coming_back_twice_is_noted_once(letter: Any) -> None:
    returned = letter()
    for number in (1, 1, 2):
        receive_mail(bounce(returned, number=number))
    assert TicketMessage.objects.filter(kind=MessageKind.NOTE).count() == 1


def test_a_delay_is_no_failure(letter: Any) -> None:
    receive_mail(bounce(letter(), action="delayed"))
    assert not TicketMessage.objects.exclude(undelivered_at=None).exists()
    assert not TicketMessage.objects.filter(kind=MessageKind.NOTE).exists()


def test_a_made_up_letter_marks_nothing(letter: Any) -> None:
    letter()
    message = TicketMessage.objects.get(kind=MessageKind.REPLY)
    forged = mail(headers={"Message-ID": f"<{message.ticket.number}.reply-{message.pk}.{'0' * 20}@localhost>"})
    returned = multipart("report", part(forged, "message/rfc822"), more="; report-type=delivery-status")
    receive_mail(mail(returned, sender="MAILER-DAEMON@qq.com", message_id="<b9@qq.com>"))
    message.refresh_from_db()
    assert message.undelivered_at is None


@pytest.mark.parametrize("status", ["solved", "pending"])
@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"Auto-Submitted": "auto-replied"}},
        {"subject": "Out of Office: holiday"},
        {"headers": {"X-Kean": "1"}},
        {"sender": "MAILER-DAEMON@mx.cn"},
    ],
)
def test_no_automatic_answer_wakes_a_ticket(letter: Any, agent: User, status: str, changes: dict[str, Any]) -> None:
    returned = letter()
    ticket = Ticket.objects.get()
    if status == "solved":
        transitions.solve(ticket=ticket, actor=agent)
    headers = {"In-Reply-To": returned["Message-ID"], **changes.get("headers", {})}
    receive_mail(mail("已收到", **{**changes, "headers": headers}, message_id="<m2@qq.com>"))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopen_count) == (status, 0)
    assert not ticket.messages.filter(kind=MessageKind.CUSTOMER, external_id="<m2@qq.com>").exists()
