"""Over a hundred difficult messages: what becomes of each, that none is lost, and that no robot wakes a ticket."""

import pytest

from crm.staff.models import User
from tests.tickets.difficult_mails import ENCODINGS, FILES, HEADERS, PEOPLE, ROBOTS, SHAPES, Row
from tests.tickets.mails import mail
from tickets.choices import TicketStatus
from tickets.models import Attachment, InboundMessage, Ticket, TicketMessage
from tickets.services import conversation, transitions
from tickets.services.email import Outcome, original, receive_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B03")]


def named(rows: list[Row]) -> list[object]:
    return [pytest.param(row, id=row.name) for row in rows]


def check(row: Row, raw: bytes) -> None:
    received = receive_mail(raw)
    assert received.result == row.result, received
    assert row.reason in received.reason
    assert bool(received.reason) == bool(row.reason or row.refused)
    if row.sender is not None:
        assert received.sender == row.sender
    if row.subject is not None:
        assert received.subject == row.subject
    kept = InboundMessage.objects.order_by("-pk").first() if row.kept else None
    if row.kept:
        assert kept is not None
        assert original(kept) == raw
    if received.ticket is None:
        return
    message = TicketMessage.objects.order_by("-pk").first()
    assert message is not None
    assert message.ticket_id == received.ticket
    assert row.says in message.body
    assert [file.name for file in message.attachments.order_by("pk")] == row.files
    for name in row.refused:
        assert f"附件 {name} 未保存" in message.body
    assert Attachment.objects.count() == len(row.files)
    again = receive_mail(raw)
    assert (again.result, again.ticket) == (Outcome.DUPLICATE, received.ticket)


@pytest.mark.parametrize("row", named(ENCODINGS + HEADERS + SHAPES + FILES))
def test_what_becomes_of_a_difficult_mail(row: Row) -> None:
    check(row, row.raw)
    assert Ticket.objects.count() == (row.result == Outcome.CREATED)


@pytest.fixture
def solved(agent: User) -> Ticket:
    receive_mail(mail("坏了"))
    ticket = Ticket.objects.get()
    conversation.reply(ticket=ticket, actor=agent, body="请寄回。")
    return transitions.solve(ticket=ticket, actor=agent)


@pytest.mark.parametrize("row", named(ROBOTS))
def test_no_robot_wakes_a_ticket(row: Row, solved: Ticket) -> None:
    said = solved.messages.count()
    check(row, row.raw)
    solved.refresh_from_db()
    assert (solved.status, solved.messages.count(), Ticket.objects.count()) == (TicketStatus.SOLVED, said, 1)


@pytest.mark.parametrize("row", named(PEOPLE))
def test_people_wake_only_their_own_ticket(row: Row, solved: Ticket) -> None:
    said = solved.messages.count()
    check(row, row.raw.replace(b"MARK", solved.number.encode()))
    solved.refresh_from_db()
    assert (solved.status != TicketStatus.SOLVED) == row.reopens
    assert solved.messages.count() == said + row.reopens
    assert Ticket.objects.count() == 1 + (row.result == Outcome.CREATED)


def test_there_are_enough_of_them() -> None:
    assert len(ENCODINGS + HEADERS + SHAPES + FILES + ROBOTS + PEOPLE) >= 100
