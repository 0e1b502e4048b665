"""An improvement names the metric it should move; its effect is told with n, interval and p, or not at all (B18)."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.registers.services import add_evidence, add_link, links_of
from crm.insights import keys
from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.services import change_improvement, create_improvement, move_improvement
from crm.insights.models import DayCount, Improvement
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.workbench.conftest import browser, text
from tickets.models import Channel, Queue, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B18")]

BEFORE, AFTER = (date(2026, 10, 1), date(2026, 10, 14)), (date(2026, 10, 20), date(2026, 11, 2))


@pytest.fixture(autouse=True)
def later() -> Any:
    with time_machine.travel("2026-11-16T01:00:00Z", tick=False) as traveller:
        yield traveller


def values(**more: Any) -> dict[str, Any]:
    return {
        "title": "售前加早班",
        "metric": "fast_replies",
        "baseline_first": BEFORE[0],
        "baseline_last": BEFORE[1],
        "after_first": AFTER[0],
        "after_last": AFTER[1],
        **more,
    }


def count(days: tuple[date, date], **totals: int) -> None:
    """So many in all over the days, spread as evenly as they go."""
    queue, channel = Queue.objects.get(key="desk"), Channel.objects.get(key="taobao")
    number = (days[1] - days[0]).days + 1
    for key, total in totals.items():
        metric = {"received": keys.RECEIVED[0], "fast": keys.ANSWERED_FAST}[key]
        for index in range(number):
            share = total * (index + 1) // number - total * index // number
            day = days[0] + timedelta(days=index)
            DayCount.objects.create(day=day, queue=queue, channel=channel, metric=metric, value=share)


def test_a_share_that_rose_is_better_with_n_interval_and_p(lead: User) -> None:
    count(BEFORE, received=200, fast=100)
    count(AFTER, received=200, fast=150)
    effect = effect_of(create_improvement(actor=lead, values=values()), lead)
    assert (effect.n_before, effect.n_after, effect.verdict.key, effect.method) == (200, 200, "better", "z")
    assert effect.difference == pytest.approx(0.25)
    assert effect.interval is not None
    assert 0.1 < effect.interval.low < 0.25 < effect.interval.high < 0.4
    assert effect.p_value is not None
    assert effect.p_value < 0.001


def test_a_share_that_fell_is_worse_and_a_small_move_is_chance(lead: User) -> None:
    count(BEFORE, received=200, fast=150)
    count(AFTER, received=200, fast=100)
    item = create_improvement(actor=lead, values=values())
    assert effect_of(item, lead).verdict.key == "worse"
    DayCount.objects.filter(day__gte=AFTER[0]).delete()
    count(AFTER, received=200, fast=148)
    assert effect_of(item, lead).verdict.key == "chance"


def test_too_few_are_said_so_and_nothing_is_claimed(lead: User) -> None:
    count(BEFORE, received=29, fast=0)
    count(AFTER, received=200, fast=200)
    effect = effect_of(create_improvement(actor=lead, values=values()), lead)
    assert (effect.verdict.key, effect.n_before, effect.is_measured) == ("too_few", 29, False)


def test_counts_are_compared_day_by_day(lead: User) -> None:
    count(BEFORE, received=140)
    count(AFTER, received=280)
    effect = effect_of(create_improvement(actor=lead, values=values(metric="received")), lead)
    assert (effect.n_before, effect.n_after, effect.method) == (14, 14, "bootstrap")
    assert (effect.difference, effect.verdict.key) == (10.0, "changed")


@pytest.mark.capability("I06")
def test_times_are_compared_ticket_by_ticket(lead: User, make_ticket: Any) -> None:
    for days, seconds in ((BEFORE, 600), (AFTER, 60)):
        for number in range(20):
            made = make_ticket(f"问题 {days[0]} {number}")
            at = made.created_at.replace(year=days[0].year, month=days[0].month, day=days[0].day)
            Ticket.objects.filter(pk=made.pk).update(
                created_at=at, occurred_at=at, first_responded_at=at + timedelta(seconds=seconds + number)
            )
    effect = effect_of(create_improvement(actor=lead, values=values(metric="first_response")), lead)
    assert (effect.n_before, effect.n_after, effect.difference) == (20, 20, -540.0)
    assert effect.verdict.key == "better"


def test_before_the_days_are_over_nothing_is_said(lead: User) -> None:
    item = create_improvement(actor=lead, values=values(after_last=date(2026, 11, 16)))
    assert effect_of(item, lead).verdict.key == "not_yet"
    bare = create_improvement(actor=lead, values=values(after_first=None, after_last=None))
    assert effect_of(bare, lead).verdict.key == "no_period"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"metric": "profit"}, "metric"),
        ({"baseline_last": date(2026, 9, 30)}, "baseline_last"),
        ({"baseline_last": None}, "baseline_first"),
        ({"after_last": None}, "after_last"),
        ({"after_first": date(2026, 10, 14)}, "after_first"),
        ({"baseline_first": date(1990, 1, 1)}, "baseline_first"),
        ({"title": " "}, "title"),
    ],
)
def test_days_and_metrics_that_cannot_be_are_refused_by_name(lead: User, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_improvement(actor=lead, values=values(**wrong))
    assert field in refused.value.fields
    assert not Improvement.objects.exists()


@pytest.mark.capability("I23")
def test_it_begins_with_an_owner_and_ends_with_an_effect_or_a_reason(lead: User, agent: User) -> None:
    item = create_improvement(actor=lead, values=values())
    with pytest.raises(InvalidInput) as refused:
        move_improvement(record=item, actor=lead, state="active")
    assert set(refused.value.fields) == {"owner", "review_on"}
    item = change_improvement(record=item, actor=lead, changes={"owner": agent, "review_on": date(2026, 12, 1)})
    item = move_improvement(record=item, actor=lead, state="active", reason="例会决定")
    with pytest.raises(Conflict):
        move_improvement(record=item, actor=lead, state="proposed")
    with pytest.raises(InvalidInput, match="测得效果"):
        move_improvement(record=item, actor=lead, state="done")
    change_improvement(record=item, actor=lead, changes={"no_effect_reason": "量太小"})
    done = move_improvement(record=Improvement.objects.get(), actor=lead, state="done")
    assert done.closed_at is not None
    assert Event.objects.filter(kind="improvement.moved").count() == 2


def test_two_editors_do_not_overwrite_each_other(lead: User, later: Any) -> None:
    item = create_improvement(actor=lead, values=values())
    seen = item.updated_at
    later.shift(60)
    change_improvement(record=item, actor=lead, changes={"title": "甲"}, seen_at=seen)
    with pytest.raises(Conflict, match="刚被别人改过"):
        change_improvement(record=item, actor=lead, changes={"title": "乙"}, seen_at=seen)


def test_evidence_and_links_stand_by_the_record_within_sight(
    lead: User, agent: User, other_agent: User, make_ticket: Any
) -> None:
    item, ticket = create_improvement(actor=lead, values=values()), make_ticket("没人回")
    with pytest.raises(NotAllowed):
        add_evidence(record=item, actor=agent, text="见会议纪要")
    add_evidence(record=item, actor=lead, text="见会议纪要", url="https://example.com/1")
    with pytest.raises(InvalidInput, match="链接"):
        add_evidence(record=item, actor=lead, text="坏", url="javascript:alert(1)")
    add_link(record=item, actor=lead, target_type="ticket", word=ticket.number)
    with pytest.raises(InvalidInput, match="没有找到"):
        add_link(record=item, actor=lead, target_type="ticket", word="99999999999999")
    assert [link.label for link in links_of(item, lead)] == [ticket.number]
    assert links_of(item, other_agent) == []


def test_the_page_creates_shows_and_moves(lead: User, agent: User) -> None:
    count(BEFORE, received=200, fast=100)
    count(AFTER, received=200, fast=150)
    person = browser(lead)
    given = {name: str(value) for name, value in values(source="staff").items()}
    assert "结束日期不能早于" in text(person.post("/improvements/new/", given | {"baseline_last": "2026-09-01"}), 422)
    page = text(person.post("/improvements/new/", given, follow=True))
    for words in ("显著变好", "+25.0 个百分点", "&lt;0.001", "200", "Newcombe"):
        assert words in page
    item = Improvement.objects.get()
    refused = person.post(f"/improvements/{item.pk}/", {"step": "move", "state": "active", "reason": "试试"})
    assert "请先指定责任人" in text(refused, 409)
    text(person.post(f"/improvements/{item.pk}/", {"step": "evidence", "text": "录屏"}, follow=True))
    assert "录屏" in text(browser(agent).get(f"/improvements/{item.pk}/"))
    assert "售前加早班" in text(person.get("/improvements/?state=proposed"))


def test_another_system_keeps_items_and_reads_the_effect(lead: User, agent: User) -> None:
    count(BEFORE, received=200, fast=100)
    count(AFTER, received=200, fast=150)

    def client(user: User) -> APIClient:
        found = APIClient()
        found.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=user, name='t', actor=user)[1]}")
        return found

    caller = client(lead)
    body = {name: str(value) for name, value in values(queue="desk").items()}
    made = caller.post("/api/v1/improvements/", body, format="json").json()
    assert (made["state"], made["queue"]) == ("proposed", "desk")
    effect = caller.get(f"/api/v1/improvements/{made['id']}/effect/").json()
    assert (effect["verdict"], effect["before"]["n"], effect["difference"]) == ("better", 200, 0.25)
    moved = caller.post(f"/api/v1/improvements/{made['id']}/transitions/", {"state": "done"}, format="json")
    assert (moved.status_code, moved.json()["allowed"]) == (409, ["active", "dropped"])
    wrong = caller.patch(f"/api/v1/improvements/{made['id']}/", {"after_last": "2026-01-01"}, format="json")
    assert (wrong.status_code, "after_last" in wrong.json()["fields"]) == (400, True)
    assert client(agent).post("/api/v1/improvements/", body, format="json").status_code == 403
