"""Service at the customer's place (B20): one technician in one place, never in the past; result and signature."""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import Event
from core.outbox import deliver_due
from core.timers import fire_due
from crm.staff.models import User
from customers.models import Outreach
from tests.core.concurrency import in_threads
from tests.tickets.conftest import MONDAY_NINE
from tests.workbench.conftest import browser, text
from tests.world import PNG
from tickets import configuration
from tickets.models import Appointment, Attachment, Channel, Notice, Ticket
from tickets.services import appointments, intake
from tickets.services.appointments import reminding, serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B20")]

ADDRESS = "上海市徐汇区漕溪北路 88 号 1203 室"
HOUR = timedelta(hours=1)
TUESDAY_NINE = MONDAY_NINE + timedelta(days=1)
DRAWING = serving.DRAWN + base64.b64encode(PNG).decode()


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any, frozen: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("热水器不出热水")


@pytest.fixture
def book(ticket: Ticket, agent: User, agent2: User) -> Callable[..., Appointment]:
    def make(starts_at: datetime = TUESDAY_NINE, hours: float = 2, **values: Any) -> Appointment:
        given = {"ticket": ticket, "actor": agent, "technician": agent2, "address": ADDRESS} | values
        return appointments.book(starts_at=starts_at, ends_at=starts_at + hours * HOUR, **given)

    return make


Book = Callable[..., Appointment]


def test_a_visit_has_address_time_window_and_technician(book: Book, agent2: User) -> None:
    made = Appointment.objects.get(pk=book(task="检修").pk)
    assert (made.technician, made.address, made.span) == (agent2, ADDRESS, "11-17 09:00–11:00")
    assert made.phone == "13800138000"
    event = Event.objects.get(kind="appointment.booked")
    assert "漕溪北路" not in str(event.payload)
    assert Notice.objects.get(kind="appointment_given").user == agent2


def test_the_address_is_stored_encrypted(book: Book) -> None:
    made = book()
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM tickets_appointment WHERE id = %s", [made.pk])
        stored = bytes(cursor.fetchone()[0])
    assert "漕溪".encode() not in stored


@pytest.mark.parametrize(
    ("shift", "is_good"), [(timedelta(0), False), (timedelta(seconds=-1), False), (timedelta(seconds=1), True)]
)
def test_past_times_are_refused(book: Book, shift: timedelta, is_good: bool) -> None:
    if is_good:
        assert book(MONDAY_NINE + shift).is_planned
        return
    with pytest.raises(InvalidInput, match="过去"):
        book(MONDAY_NINE + shift)


def test_a_window_that_ends_before_it_begins_is_refused(book: Book) -> None:
    with pytest.raises(InvalidInput) as refused:
        book(hours=-1)
    assert set(refused.value.fields) == {"ends_at"}


def test_a_technician_is_never_in_two_places(book: Book, agent: User, agent2: User) -> None:
    book()
    with pytest.raises(Conflict, match="11-17 09:00–11:00") as refused:
        book(TUESDAY_NINE + 1.5 * HOUR)
    assert refused.value.code == "double_booked"
    assert book(TUESDAY_NINE + 2 * HOUR).is_planned  # begins when the other ends
    assert book(technician=agent).is_planned


def test_the_database_itself_refuses_a_double_booking(book: Book, ticket: Ticket, agent2: User) -> None:
    first = book()
    with pytest.raises(IntegrityError, match="appointment_technician_once"), transaction.atomic():
        Appointment.objects.create(
            ticket=ticket,
            technician=agent2,
            starts_at=first.starts_at + HOUR,
            ends_at=first.ends_at + HOUR,
            address="别处",
            booked_by=agent2,
        )


def test_a_cancelled_visit_frees_the_hour(book: Book, agent: User) -> None:
    made = book()
    with pytest.raises(InvalidInput, match="原因"):
        appointments.cancel(appointment=made, actor=agent, reason=" ")
    done = appointments.cancel(appointment=made, actor=agent, reason="客户自行修好")
    assert (done.state, done.reason) == ("cancelled", "客户自行修好")
    assert book().is_planned
    with pytest.raises(Conflict, match="已取消"):
        appointments.cancel(appointment=made, actor=agent, reason="再取消")


def test_moving_wants_a_reason_and_a_free_hour(book: Book, agent: User, agent2: User) -> None:
    book(TUESDAY_NINE + 4 * HOUR)
    made = book()
    times = {"starts_at": TUESDAY_NINE + 5 * HOUR, "ends_at": TUESDAY_NINE + 7 * HOUR}
    with pytest.raises(Conflict, match="已有预约"):
        appointments.move(appointment=made, actor=agent, reason="客户出差", **times)
    moved = appointments.move(appointment=made, actor=agent, reason="客户出差", technician=agent, **times)
    assert (moved.technician, moved.move_count, moved.starts_at) == (agent, 1, times["starts_at"])
    event = Event.objects.get(kind="appointment.moved")
    assert (event.payload["was"], event.payload["reason"]) == (TUESDAY_NINE.isoformat(), "客户出差")
    assert Notice.objects.filter(kind="appointment_off", user=agent2).exists()


def test_result_and_signature_are_recorded_with_their_hash(book: Book, agent2: User, frozen: Any) -> None:
    made = book()
    frozen.move_to(TUESDAY_NINE + 2 * HOUR)
    picture = serving.drawn(DRAWING, actor=agent2)
    appointments.serve(appointment=made, actor=agent2, result="solved", note="换了主板", signature=picture)
    done = Appointment.objects.get(pk=made.pk)
    assert done.signature_sha256 == hashlib.sha256(PNG).hexdigest()
    assert appointments.signature_of(done) == PNG
    note = done.ticket.messages.get(kind="note")
    assert "换了主板" in note.body
    assert done.signature_sha256 in note.body
    assert Attachment.objects.get(pk=picture.pk).message == note


def test_a_changed_signature_is_noticed(book: Book, agent2: User, frozen: Any) -> None:
    made = book()
    frozen.move_to(TUESDAY_NINE)
    picture = serving.drawn(DRAWING, actor=agent2)
    appointments.serve(appointment=made, actor=agent2, result="solved", signature=picture)
    with picture.file.open("wb") as file:
        file.write(b"something else")
    with pytest.raises(Conflict, match="指纹不符"):
        appointments.signature_of(Appointment.objects.get(pk=made.pk))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"result": "solved"}, "signature"),
        ({"result": "unsolved", "unsigned_reason": "不愿签"}, "note"),
        ({"result": "很好"}, "result"),
    ],
)
def test_what_is_missing_is_named(book: Book, agent2: User, frozen: Any, values: dict[str, str], field: str) -> None:
    made = book()
    frozen.move_to(TUESDAY_NINE)
    with pytest.raises(InvalidInput) as refused:
        appointments.serve(appointment=made, actor=agent2, **values)
    assert set(refused.value.fields) == {field}


def test_nobody_signs_for_an_absent_customer(book: Book, agent2: User, frozen: Any) -> None:
    made = book()
    with pytest.raises(Conflict, match="还没有到"):
        appointments.serve(appointment=made, actor=agent2, result="absent")
    frozen.move_to(TUESDAY_NINE)
    assert appointments.serve(appointment=made, actor=agent2, result="absent").signature is None


@pytest.mark.parametrize("data", ["", "data:image/png;base64,", serving.DRAWN + "!!", "data:text/html;base64,PGI+"])
def test_only_a_picture_is_a_signature(agent: User, data: str) -> None:
    with pytest.raises(InvalidInput):
        serving.drawn(data, actor=agent)


def test_the_address_in_full_is_written_down(book: Book, agent: User) -> None:
    made = book()
    assert appointments.reveal_address(appointment=made, actor=agent, reason="今天上门") == ADDRESS
    event = Event.objects.get(kind="personal_data.revealed")
    assert (event.actor, event.payload) == (agent, {"field": "address", "reason": "今天上门"})


def test_the_technician_sees_the_ticket_and_strangers_see_nothing(book: Book, other_agent: User, agent: User) -> None:
    made = book(actor=agent, technician=other_agent)
    assert Ticket.objects.visible_to(other_agent).filter(pk=made.ticket_id).exists()
    assert Appointment.objects.visible_to(other_agent).filter(pk=made.pk).exists()
    second = book(TUESDAY_NINE + 8 * HOUR)
    assert Appointment.objects.visible_to(other_agent).filter(pk=second.pk).exists()  # of the same ticket


def test_the_customer_is_reminded_once_a_day_before(book: Book, ticket: Ticket) -> None:
    made = book(TUESDAY_NINE + 24 * HOUR)
    remind_at = made.starts_at - reminding.BEFORE
    with time_machine.travel(remind_at - timedelta(seconds=1), tick=False):
        fire_due(now=clock.now())
        assert not ticket.messages.filter(kind="auto").exists()
    with time_machine.travel(remind_at, tick=False):
        fire_due(now=clock.now())
        fire_due(now=clock.now())
        deliver_due()
    said = ticket.messages.get(kind="auto")
    assert "11-18 09:00–11:00" in said.body
    assert "漕溪" not in said.body


def test_a_mailing_customer_is_reminded_by_mail_and_a_quiet_one_through_a_colleague(
    book: Book, make_ticket: Callable[..., Ticket], agent2: User, mailoutbox: list[Any]
) -> None:
    Channel.objects.create(key="email", name="邮件", kind="email")
    configuration.forget()
    sender = intake.CustomerGiven(name="李先生", email="li@example.com")
    mailed = book(TUESDAY_NINE + 24 * HOUR, ticket=make_ticket("坏了", channel="email", customer=sender))
    quiet = book(TUESDAY_NINE + 27 * HOUR)
    customer = quiet.ticket.customer
    customer.do_not_contact_at = clock.now()
    customer.save(update_fields=["do_not_contact_at"])
    with time_machine.travel(quiet.starts_at - reminding.BEFORE, tick=False):
        fire_due(now=clock.now())
        deliver_due()
    assert "上门服务" in mailoutbox[0].body
    assert mailed.ticket.number in mailoutbox[0].extra_headers["Message-ID"]
    told = Outreach.objects.get(subject_type="appointment", subject_id=mailed.pk)
    assert (told.status, told.purpose, told.way) == ("sent", "service", reminding.MAIL)
    assert Outreach.objects.get(subject_id=quiet.pk).reason == "opted_out"
    assert Notice.objects.filter(kind="appointment_call", user=agent2, ticket=quiet.ticket).count() == 1
    assert not quiet.ticket.messages.filter(kind="auto").exists()


def test_a_moved_visit_is_not_announced_for_its_old_hour(book: Book, agent: User, ticket: Ticket) -> None:
    made = book(TUESDAY_NINE + 24 * HOUR)
    later = made.starts_at + timedelta(days=3)
    appointments.move(appointment=made, actor=agent, starts_at=later, ends_at=later + HOUR, reason="客户出差")
    with time_machine.travel(TUESDAY_NINE + 23 * HOUR, tick=False):
        fire_due(now=clock.now())
    assert not ticket.messages.filter(kind="auto").exists()


def test_in_quiet_hours_the_reminder_waits_and_a_moved_visit_takes_it_back(
    book: Book, agent: User, ticket: Ticket
) -> None:
    made = book(TUESDAY_NINE + 37 * HOUR)  # Wednesday 22:00: reminded on Tuesday at 22:00.
    with time_machine.travel(made.starts_at - reminding.BEFORE, tick=False):
        fire_due(now=clock.now())
        deliver_due()
        assert not ticket.messages.filter(kind="auto").exists()
        later = made.starts_at + timedelta(days=3)
        appointments.move(appointment=made, actor=agent, starts_at=later, ends_at=later + HOUR, reason="客户出差")
    told = Outreach.objects.get(subject_type="appointment", subject_id=made.pk)
    assert (told.status, told.reason) == ("cancelled", "settled")
    with time_machine.travel(told.not_before, tick=False):
        deliver_due()
    assert not ticket.messages.filter(kind="auto").exists()


# Pages


def test_the_day_of_the_technician_shows_masked_addresses_and_the_form_keeps_what_was_typed(
    book: Book, agent: User, agent2: User, ticket: Ticket
) -> None:
    book()
    page = text(browser(agent2).get("/appointments/?day=2026-11-17&technician=me"))
    assert "09:00–11:00" in page
    assert "1203" not in page
    assert "没有上门预约" in text(browser(agent2).get("/appointments/?day=2026-11-18"))
    assert "09:00–11:00" in text(browser(agent2).get("/appointments/?day=2026-11-19&span=week"))
    typed = {
        "ticket": ticket.number,
        "technician": agent2.pk,
        "starts_at": "2026-11-17T10:00",
        "ends_at": "2026-11-17T12:00",
        "address": ADDRESS,
    }
    answer = text(browser(agent).post("/appointments/new/", typed), 422)
    assert "已有预约" in answer
    assert ADDRESS in answer


def test_at_the_door_the_drawn_signature_is_kept(book: Book, agent2: User, frozen: Any) -> None:
    made = book()
    frozen.move_to(TUESDAY_NINE + HOUR)
    person = browser(agent2)
    assert "data-signature" in text(person.get(f"/appointments/{made.pk}/"))
    assert "请客户签名" in text(person.post(f"/appointments/{made.pk}/serve/", {"result": "solved"}), 422)
    answer = person.post(f"/appointments/{made.pk}/serve/", {"result": "solved", "signature": DRAWING}, follow=True)
    assert hashlib.sha256(PNG).hexdigest() in text(answer)
    picture = person.get(f"/appointments/{made.pk}/signature/")
    assert b"".join(picture.streaming_content) == PNG  # type: ignore[attr-defined]
    assert "attachment" in picture["Content-Disposition"]


@pytest.mark.django_db(transaction=True)
def test_of_many_colleagues_at_once_one_books_the_hour(book: Book) -> None:
    def try_it() -> str:
        try:
            book()
        except Conflict as error:
            return error.code
        return "booked"

    told = in_threads(6, try_it)
    assert sorted(told) == ["booked", *["double_booked"] * 5]
    assert Appointment.objects.planned().count() == 1
