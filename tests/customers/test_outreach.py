"""The only door out to a customer: consent, quiet hours, frequency, drills; asked twice, sent once."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.outbox import OutboxItem, deliver_due
from crm.staff.models import User
from customers import outreach
from customers.models import Customer, Outreach, OutreachSettings
from customers.outreach import rules
from customers.services import create_customer, record_consent

#: Noon, late evening and the next morning in Shanghai; later than any clock, so that what is queued is due.
NOON = datetime(2099, 11, 16, 4, 0, tzinfo=UTC)
NIGHT = datetime(2099, 11, 16, 14, 30, tzinfo=UTC)
MORNING = datetime(2099, 11, 17, 0, 0, tzinfo=UTC)


@pytest.fixture
def customer(db: None, agent: User) -> Customer:
    changes: Any = {"name": "陈静", "phone": "13800138000", "email": "chen@example.com"}
    return create_customer(actor=agent, changes=changes)


def wanted(customer: Customer, key: str = "k1", **values: Any) -> outreach.Wanted:
    told = {"purpose": "service", "title": "发票已开具", "body": "您好，发票已开具。"} | values
    return outreach.Wanted(key=key, customer=customer, **told)


def reach(customer: Customer, key: str = "k1", at: datetime = NOON, **values: Any) -> Outreach:
    with clock.at(at):
        return outreach.reach(wanted=wanted(customer, key, **values), actor=None)


def deliver(at: datetime) -> None:
    with clock.at(at):
        deliver_due()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (time(20, 59), None),
        (time(21, 0), (17, 8)),
        (time(23, 59), (17, 8)),
        (time(0, 0), (16, 8)),
        (time(7, 59), (16, 8)),
        (time(8, 0), None),
    ],
)
def test_quiet_hours_span_midnight_and_end_exactly(at: time, until: tuple[int, int] | None) -> None:
    local = datetime.combine(datetime(2026, 11, 16), at, tzinfo=UTC)
    end = rules.quiet_until(local, quiet_from=time(21), quiet_to=time(8))
    assert end == (datetime(2026, 11, until[0], until[1], tzinfo=UTC) if until else None)


def test_a_message_leaves_once_whatever_is_asked_twice(customer: Customer) -> None:
    first, second = reach(customer), reach(customer)
    assert first.pk == second.pk
    deliver(NOON + timedelta(seconds=1))
    deliver(NOON + timedelta(hours=1))
    assert [letter.to for letter in mail.outbox] == [["chen@example.com"]]
    first.refresh_from_db()
    assert (first.status, first.channel) == ("sent", "email")


def test_in_quiet_hours_it_waits_until_the_morning(customer: Customer) -> None:
    row = reach(customer, at=NIGHT)
    assert row.not_before == MORNING
    deliver(NIGHT + timedelta(hours=3))
    assert mail.outbox == []
    deliver(MORNING)
    assert len(mail.outbox) == 1


def test_who_wants_no_contact_gets_none_not_even_by_the_api(customer: Customer) -> None:
    customer.do_not_contact_at = NOON
    customer.save(update_fields=["do_not_contact_at"])
    row = reach(customer)
    assert (row.status, row.reason) == ("refused", "opted_out")
    assert not OutboxItem.objects.filter(kind="outreach").exists()


def test_the_wish_is_heard_also_between_asking_and_sending(customer: Customer) -> None:
    row = reach(customer)
    Customer.objects.filter(pk=customer.pk).update(do_not_contact_at=NOON)
    deliver(NOON + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.status, row.reason, mail.outbox) == ("refused", "opted_out", [])


def test_a_recall_is_told_to_everybody_at_any_hour(customer: Customer) -> None:
    customer.do_not_contact_at = NOON
    customer.save(update_fields=["do_not_contact_at"])
    row = reach(customer, at=NIGHT, purpose="recall")
    assert (row.status, row.not_before) == ("waiting", None)


def test_the_limit_of_a_day_holds(customer: Customer) -> None:
    OutreachSettings.objects.create(pk=1, notices_a_day=2)
    rows = [reach(customer, f"k{number}", at=NOON + timedelta(seconds=number)) for number in range(3)]
    assert [row.status for row in rows] == ["waiting", "waiting", "refused"]
    assert rows[-1].reason == "too_often"
    later = reach(customer, "k9", at=NOON + timedelta(days=1, minutes=1))
    assert later.status == "waiting"


@pytest.mark.capability("A08")
def test_marketing_needs_a_yes_for_the_channel_and_an_opt_out_sentence(customer: Customer, agent: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        reach(customer, purpose="marketing", channels=["email"])
    assert "body" in refused.value.fields
    body = "新品上市。拒收请回复R"
    assert reach(customer, purpose="marketing", body=body, channels=["email"]).reason == "no_consent"
    with clock.at(NOON):
        record_consent(
            customer=customer, actor=agent, purpose="marketing_email", decision="granted", channel="web", wording="同意"
        )
    assert reach(customer, "k2", purpose="marketing", body=body, channels=["email"]).status == "waiting"
    assert reach(customer, "k3", purpose="marketing", body=body, channels=["email"]).reason == "too_often"


def test_a_drill_writes_rows_and_sends_nothing(customer: Customer) -> None:
    row = reach(customer, purpose="recall", is_drill=True)
    OutreachSettings.objects.create(pk=1, is_drill=True)
    other = reach(customer, "k2")
    deliver(NOON + timedelta(minutes=1))
    assert (row.status, other.status, mail.outbox) == ("drill", "drill", [])


def test_a_drill_that_begins_later_stops_what_waits(customer: Customer) -> None:
    row = reach(customer)
    OutreachSettings.objects.create(pk=1, is_drill=True)
    deliver(NOON + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.status, mail.outbox) == ("drill", [])


def test_who_has_no_address_is_called_by_a_person(agent: User, db: None) -> None:
    customer = create_customer(actor=agent, changes={"name": "周敏", "phone": "13900139000"})  # type: ignore[typeddict-item]
    row = reach(customer)
    assert (row.status, row.channel) == ("by_hand", "phone")
    row = outreach.report_contact(outreach=row, actor=agent, result="reached", note="已说明")
    assert (row.status, row.handled_by) == ("reached", agent)
    with pytest.raises(Conflict):
        outreach.report_contact(outreach=row, actor=agent, result="reached")


def test_after_three_tries_a_call_ends(agent: User, auditor: User) -> None:
    customer = create_customer(actor=agent, changes={"name": "周敏", "phone": "13900139000"})  # type: ignore[typeddict-item]
    row = reach(customer)
    with pytest.raises(NotAllowed):
        outreach.report_contact(outreach=row, actor=auditor, result="reached")
    for expected in ("by_hand", "by_hand", "failed"):
        row = outreach.report_contact(outreach=row, actor=agent, result="unreachable")
        assert row.status == expected
    assert row.reason == "unreachable"


def test_nobody_to_reach_is_said(agent: User) -> None:
    customer = create_customer(actor=agent, changes={"name": "无名"})  # type: ignore[typeddict-item]
    assert reach(customer).reason == "no_address"


def test_a_refused_mail_becomes_a_call(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.outbox import Undeliverable
    from customers.outreach import ways

    def refuse(row: Outreach) -> None:
        raise Undeliverable("550 no such user")

    monkeypatch.setitem(ways._ways, "email", ways.Way("email", "email", ways.with_address, refuse))
    row = reach(customer)
    deliver(NOON + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.status, row.channel, row.reason) == ("by_hand", "phone", "undeliverable")


def test_what_has_not_left_can_be_called_off(customer: Customer) -> None:
    row = reach(customer)
    assert outreach.call_off(ids=[row.pk], actor=None) == 1
    deliver(NOON + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.status, row.reason, mail.outbox) == ("cancelled", "withdrawn", [])


def test_a_merged_customer_is_reached_as_the_record_that_stands(customer: Customer, agent: User, lead: User) -> None:
    from customers.services import merge_customers

    old = create_customer(actor=agent, changes={"name": "陈静（旧）"})  # type: ignore[typeddict-item]
    merge_customers(source=old, target=customer, actor=lead)
    old.refresh_from_db()
    assert reach(old).customer_id == customer.pk
