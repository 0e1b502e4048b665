"""Norms of platforms: what counts, who had to answer, and how one stands."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from core.events import run_consumers
from crm.staff.models import User
from customers.models import Shop
from tests.tickets.conftest import Desk
from tickets import configuration
from tickets.models import Channel, PlatformDay, PlatformNorm, PlatformTurn, Ticket
from tickets.services import conversation, merging, transitions
from tickets.services.platform_norms.standing import Standing, Tally, next_due, standings

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B06", "A23")]
Make = Callable[..., Ticket]


def norm(**values: Any) -> PlatformNorm:
    made = PlatformNorm.objects.create(**{"platform": "taobao", "name": "3分钟人工回复率", **values})
    configuration.forget()
    return made


@pytest.fixture
def shop(desk: Desk) -> Shop:
    shop = Shop.objects.create(key="tb", name="淘宝店", platform="taobao")
    Channel.objects.filter(pk=desk.channel.pk).update(shop=shop)
    configuration.forget()
    return shop


def say(ticket: Ticket, body: str = "在吗") -> None:
    conversation.customer_message(ticket=ticket, body=body, actor=None)


def answer(ticket: Ticket, agent: User) -> None:
    conversation.reply(ticket=ticket, actor=agent, body="您好")


def stand(person: User | None = None) -> Standing:
    run_consumers()
    (found,) = standings(person=person)
    return found


def told(tally: Tally) -> tuple[int, int, int]:
    return tally.met, tally.counted, tally.waiting


def test_a_reply_counts_up_to_the_second_of_the_deadline(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User
) -> None:
    norm()
    first, second = make_ticket(customer=None), make_ticket(customer=None)
    frozen.shift(timedelta(seconds=180))
    answer(first, agent)
    frozen.shift(timedelta(seconds=1))
    answer(second, agent)
    found = stand(agent)
    assert told(found.window) == (1, 2, 0)
    assert found.window.rate == 0.5
    assert PlatformDay.objects.get(agent=agent).late == 1
    assert [turn.answered_at is not None for turn in PlatformTurn.objects.all()] == [True, True]


def test_what_is_not_late_yet_waits_and_then_is_missed_without_anybody_doing_anything(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User
) -> None:
    norm(target=Decimal("0.5"))
    ticket = make_ticket()
    found = stand(agent)
    assert (told(found.window), found.window.rate) == ((0, 0, 1), None)
    assert found.next_due_at == ticket.created_at + timedelta(seconds=180)
    frozen.shift(timedelta(seconds=180))
    found = stand(agent)
    assert (told(found.window), found.window.tone) == ((0, 1, 0), "bad")


def test_automatic_replies_and_notes_never_count(frozen: Any, shop: Shop, make_ticket: Make, agent: User) -> None:
    norm()
    ticket = make_ticket()
    conversation.automatic_message(ticket=ticket, body="您好，客服马上就来。")
    conversation.add_note(ticket=ticket, actor=agent, body="催仓库")
    assert told(stand().window) == (0, 0, 1)


@pytest.mark.parametrize(("unit", "asked"), [("turn", 2), ("message", 4), ("conversation", 1)])
def test_what_is_counted_is_the_platforms_unit(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User, unit: str, asked: int
) -> None:
    norm(unit=unit)
    ticket = make_ticket()
    run_consumers()
    say(ticket)
    run_consumers()
    answer(ticket, agent)
    say(ticket)
    say(ticket)
    answer(ticket, agent)
    assert told(stand().window) == (asked, asked, 0)


@pytest.mark.parametrize(
    ("clock", "counts"),
    [
        ("2026-11-16T07:59:59", False),
        ("2026-11-16T08:00:00", True),
        ("2026-11-16T22:59:59", True),
        ("2026-11-16T23:00:00", False),
        ("2026-10-01T12:00:00", True),  # National Day: platforms count on holidays
        ("2026-11-15T12:00:00", True),  # a Sunday
    ],
)
def test_the_hours_are_the_platforms_on_every_day(shop: Shop, make_ticket: Make, clock: str, counts: bool) -> None:
    norm()
    moment = datetime.fromisoformat(f"{clock}+08:00").astimezone(UTC)
    with time_machine.travel(moment, tick=False):
        make_ticket()
        run_consumers()
    assert PlatformTurn.objects.exists() == counts


@pytest.mark.parametrize(
    "values",
    [{"platform": "jd"}, {"is_active": False}, {"effective_from": "2026-11-17"}],
    ids=["another platform", "switched off", "not yet in force"],
)
def test_other_norms_do_not_count(frozen: Any, shop: Shop, make_ticket: Make, values: dict[str, Any]) -> None:
    norm(**values)
    make_ticket()
    run_consumers()
    assert not PlatformTurn.objects.exists()


def test_mail_of_the_shops_customers_is_not_the_platforms_matter(frozen: Any, shop: Shop, make_ticket: Make) -> None:
    norm()
    Channel.objects.create(key="mail2", name="邮件二", kind="email", shop=shop)
    configuration.forget()
    make_ticket(channel="mail2")
    run_consumers()
    assert not PlatformTurn.objects.exists()


def test_who_takes_over_in_time_answers_for_it_and_a_late_one_stays_with_who_let_it(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User, agent2: User, lead: User
) -> None:
    norm()
    moved, late = make_ticket(customer=None), make_ticket(customer=None)
    for ticket in (moved, late):
        transitions.assign(ticket=ticket, actor=lead, assignee=agent)
    run_consumers()
    frozen.shift(timedelta(seconds=100))
    transitions.assign(ticket=moved, actor=lead, assignee=agent2)
    frozen.shift(timedelta(seconds=100))
    transitions.assign(ticket=late, actor=lead, assignee=agent2)
    answer(late, agent2)
    assert told(stand(agent).mine) == (0, 1, 0)
    assert told(stand(agent2).mine) == (0, 1, 0)
    assert told(stand().window) == (0, 2, 0)


def test_after_a_merge_the_answer_to_the_one_answers_the_other(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User, lead: User
) -> None:
    norm(unit="message")
    target, source = make_ticket(), make_ticket()
    run_consumers()
    merging.merge(source=source, target=target, actor=lead)
    answer(target, agent)
    assert told(stand().window) == (2, 2, 0)


def test_the_window_rolls_by_days_and_today_stands_apart(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User
) -> None:
    norm(window_days=2)
    answer(make_ticket(customer=None), agent)
    for _day in range(2):
        frozen.shift(timedelta(days=1))
        make_ticket(customer=None)
        frozen.shift(timedelta(seconds=181))
    found = stand(agent)
    assert (told(found.window), told(found.today)) == ((0, 2, 0), (0, 1, 0))


@pytest.mark.parametrize(
    ("met", "counted", "left", "tone"),
    [(0, 0, 0, ""), (9, 10, 8, "good"), (5, 10, 0, "warn"), (4, 10, 0, "bad"), (6, 11, 1, "good"), (1, 1, 1, "good")],
)
def test_how_many_may_still_be_missed(met: int, counted: int, left: int, tone: str) -> None:
    tally = Tally(met, counted, 0, Decimal("0.5"))
    assert (tally.misses_left, tally.tone) == (left, tone)
    if counted:
        after = met / (counted + left) if left else met / (counted + 1)
        assert (after >= 0.5) == (left > 0)
        assert tally.if_missed == met / (counted + 1)


def test_the_ticket_has_the_platforms_clock_beside_its_own(frozen: Any, shop: Shop, make_ticket: Make) -> None:
    norm()
    ticket = make_ticket()
    run_consumers()
    turn = next_due(ticket.pk)
    assert turn is not None
    assert turn.due_at == ticket.created_at + timedelta(seconds=180)
    assert ticket.first_response_due_at == ticket.created_at + timedelta(hours=1)


def test_reading_where_one_stands_costs_two_statements(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User, django_assert_num_queries: Any
) -> None:
    for platform in ("taobao", "jd", "pdd"):
        norm(platform=platform)
    for _n in range(3):
        make_ticket(customer=None)
    run_consumers()
    standings()
    with django_assert_num_queries(2):
        standings(person=agent)


def test_events_handled_in_one_batch_or_one_by_one_give_the_same(
    frozen: Any, shop: Shop, make_ticket: Make, agent: User
) -> None:
    norm(unit="message")
    ticket = make_ticket()
    say(ticket)
    answer(ticket, agent)
    say(ticket)
    run_consumers()
    assert list(PlatformDay.objects.order_by("agent").values_list("asked", "met")) in ([(3, 2), (0, 0)], [(3, 2)])
    assert PlatformTurn.objects.filter(answered_at=None).count() == 1
