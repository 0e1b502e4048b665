"""Type by handling time, causes, returns: every cell leads to as many rows as it counts."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.http import QueryDict

from core import clock
from core.timers import fire_due
from crm.insights.statistics.causes import cause_shares, evenly
from crm.insights.statistics.tickets import OUTCOMES, TicketsAsked
from crm.staff.models import User
from customers.models import Shop
from tests.followups.conftest import client_of
from tests.tickets.aftersales import apply, place_order
from tests.workbench.conftest import browser, desk, frozen, make_ticket, text
from tickets.models import AfterSales, Ticket
from tickets.services import compensations, conversation, editing, transitions

__all__ = ["desk", "frozen", "make_ticket"]
pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]
DAYS = "from=2026-11-01&to=2026-11-30"
API = "/api/v1/handling-statistics/"


def complaint(make: Make, category: str, **values: Any) -> Ticket:
    return make("收到就是坏的，我要投诉", type="complaint", category=category, **values)


def asked_of(url: str) -> TicketsAsked:
    return TicketsAsked.of(QueryDict(url.partition("?")[2]))


def count_of(supervisor: User, url: str) -> int:
    """What the list behind a cell says it holds."""
    shown = browser(supervisor).get(url)
    assert shown.status_code == 200
    return int(shown.context["count"])


@pytest.fixture
def month(make_ticket: Make, agent: User, supervisor: User, frozen: Any) -> None:
    """Quality: solved after 2 h (of which half an hour waiting), after 4 h and re-opened, never and overdue.
    Logistics: one, solved after an hour, compensated. No category: one. Not counted: a merged one, a consultation."""
    User.objects.update(availability="busy")
    Shop.objects.create(key="tm", name="天猫店", platform="tmall")
    waits, late, never = (complaint(make_ticket, "商品质量问题") for _number in range(3))
    parcel = complaint(make_ticket, "物流问题", shop="tm")
    bare = complaint(make_ticket, "物流问题")
    editing.edit(ticket=bare, actor=agent, changes={"category": ""})
    merged = complaint(make_ticket, "商品质量问题")
    Ticket.objects.filter(pk=merged.pk).update(merged_into=never)
    make_ticket("请问怎么清洗", type="consultation", category="使用咨询")
    for ticket in (waits, late, never, parcel):
        transitions.assign(ticket=ticket, actor=agent)
    transitions.wait(ticket=waits, actor=agent)
    frozen.shift(1800)
    transitions.resume(ticket=waits, actor=agent)
    frozen.shift(1800)
    transitions.solve(ticket=parcel, actor=agent)
    frozen.shift(3600)
    transitions.solve(ticket=waits, actor=agent)
    frozen.shift(7200)
    transitions.solve(ticket=late, actor=agent)
    transitions.reopen(ticket=late, actor=agent)
    transitions.solve(ticket=late, actor=agent)
    compensations.grant(
        ticket=parcel,
        actor=agent,
        case="C-22",
        inputs={"P": "299", "severity": "0.10", "responsibility": "1"},
        amount=Decimal("29.90"),
    )
    frozen.shift(86400)
    fire_due(now=clock.now())


@pytest.mark.capability("C25")
def test_types_are_counted_timed_and_priced(month: None, supervisor: User, other_agent: User) -> None:
    found = client_of(supervisor).get(f"{API}?{DAYS}").json()
    lines = {line["label"]: line for line in found["lines"]}
    assert {label: line["count"] for label, line in lines.items()} == {"商品质量问题": 3, "物流问题": 1, "未分类": 1}
    assert sum(line["share"] for line in found["lines"]) == pytest.approx(1)
    quality, parcel = lines["商品质量问题"], lines["物流问题"]
    # Five and a half thousand seconds without the wait, and four hours: the middle between them.
    assert (quality["median"], quality["p90"]) == ((5400 + 14400) / 2, 5400 + 0.9 * 9000)
    assert (quality["met"], quality["missed"], quality["sla"]) == (2, 1, pytest.approx(2 / 3))
    assert (quality["reopened"], quality["handled"], quality["reopen"]) == (1, 2, 0.5)
    assert (parcel["amount"], parcel["compensated"], parcel["median"]) == ("29.90", 1, 3600)
    assert (lines["未分类"]["median"], lines["未分类"]["sla"]) == (None, 0.0)
    total = found["total"]
    assert [total[name] for name in ("count", "met", "missed", "reopened", "compensated")] == [5, 3, 2, 1, 1]


@pytest.mark.capability("C25")
@pytest.mark.parametrize("by", ["category", "type", "level", "shop", "product"])
def test_every_cell_leads_to_exactly_its_tickets(month: None, supervisor: User, by: str) -> None:
    table = browser(supervisor).get(f"/reports/handling/?{DAYS}&by={by}").context["table"]
    assert sum(line.count for line in table.lines) == table.total.count == (6 if by == "type" else 5)
    for line in table.rows:
        assert asked_of(line.urls["all"]).tickets(supervisor).count() == line.count
        for outcome in OUTCOMES:
            assert asked_of(line.urls[outcome]).tickets(supervisor).count() == getattr(line, outcome), outcome
    first = table.lines[0]
    assert count_of(supervisor, first.urls["all"]) == first.count
    assert count_of(supervisor, first.urls["missed"]) == first.missed


@pytest.mark.capability("C25")
def test_filters_narrow_and_what_cannot_be_answered_is_refused(month: None, supervisor: User, agent: User) -> None:
    client = client_of(supervisor)
    for query, count in (("shop=tm", 1), ("platform=tmall", 1), ("shop=none", 4), ("category=none", 1), ("type=", 6)):
        assert client.get(f"{API}?{DAYS}&{query}").json()["total"]["count"] == count, query
    assert client.get(f"{API}?from=2026-10-01&to=2026-10-31").json() == {"by": "category", "lines": [], "total": None}
    for query, field in (("shop=x", "shop"), ("type=x", "type"), ("by=x", "by"), ("from=x", "from"), ("y=1", "y")):
        answer = client.get(f"{API}?{DAYS}&{query}" if field != "from" else f"{API}?from=x")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert client_of(agent).get(API).status_code == 403
    assert browser(supervisor).get(f"/reports/handling/?{DAYS}&outcome=nothing").context["table"].lines == []


@pytest.mark.capability("C25")
def test_the_file_has_the_numbers_of_the_page(month: None, supervisor: User) -> None:
    page = text(browser(supervisor).get(f"/reports/handling/?{DAYS}&type=consultation"))
    for kept in ("2026-11-01 – 2026-11-30", 'value="2026-11-01"', "to=2026-11-30&amp;type=consultation"):
        assert kept in page
    assert "商品质量问题" in text(browser(supervisor).get(f"/reports/handling/?{DAYS}"))
    answer = browser(supervisor).get(f"/reports/handling/export/?{DAYS}")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[1].startswith("商品质量问题,3,60.0,9900,13500,2,66.7,2,1,50.0,1,0,0")
    assert rows[4].startswith("合计,5,100.0,")


def test_shares_of_causes_are_those_of_the_definition() -> None:
    """4 incidents: {people .7, process .3}, {people 1}, {technology .5, process .5}, {people .5, technology .5}."""
    half = Fraction(1, 2)
    rows: list[Any] = [
        ({"people": Fraction(7, 10), "process": Fraction(3, 10)}, 1),
        ({"people": Fraction(1)}, 1),
        ({"system": half, "process": half}, 1),
        ({"people": half, "system": half}, 1),
    ]
    found = {one.cause: one for one in cause_shares(rows)}
    assert [float(found[name].of_complaints) for name in ("people", "process", "system")] == [0.75, 0.5, 0.5]
    assert [float(found[name].weighted) for name in ("people", "process", "system")] == [0.55, 0.2, 0.25]
    assert sum(one.of_mentions for one in found.values()) == 1
    assert cause_shares([(evenly([]), 5)]) == []


@pytest.mark.capability("C25")
def test_causes_are_several_at_once_with_both_shares(make_ticket: Make, supervisor: User, agent: User) -> None:
    tickets = [complaint(make_ticket, "质量") for _number in range(4)]
    answer = client_of(agent).patch(
        f"/api/v1/tickets/{tickets[0].number}/", {"causes": ["people", "quality"]}, content_type="application/json"
    )
    assert answer.json()["causes"] == ["quality", "people"]
    bad = client_of(agent).patch(
        f"/api/v1/tickets/{tickets[0].number}/", {"causes": ["weather"]}, content_type="application/json"
    )
    assert bad.status_code == 400
    browser(agent).post(
        f"/desk/{tickets[1].number}/edit/", {"type": "complaint", "priority": "normal", "causes": ["quality"]}
    )
    editing.edit(ticket=tickets[2], actor=agent, changes={"causes": ["people", "logistics", "quality"]})
    found = client_of(supervisor).get(f"/api/v1/cause-statistics/?{DAYS}").json()
    assert (found["known"], found["unknown"]) == (3, 1)
    lines = {line["cause"]: line for line in found["lines"]}
    assert {cause: line["complaints"] for cause, line in lines.items()} == {"quality": 3, "people": 2, "logistics": 1}
    assert lines["quality"]["of_complaints"] == 1
    assert lines["quality"]["of_mentions"] == 0.5
    assert sum(line["weighted"] for line in found["lines"]) == pytest.approx(1)
    report = browser(supervisor).get(f"/reports/causes/?{DAYS}").context["found"]
    assert [count_of(supervisor, line.url) for line in report.lines] == [3, 2, 1]
    assert count_of(supervisor, report.unknown_url) == 1


@pytest.mark.capability("D19")
def test_returns_name_who_advised_and_with_which_script(
    make_ticket: Make, supervisor: User, agent: User, agent2: User, frozen: Any
) -> None:
    asked = make_ticket("这件是纯棉的吗")
    conversation.reply(ticket=asked, actor=agent2, body="是纯棉的")
    frozen.shift(timedelta(days=1))
    bought = place_order(asked, ordered_at=clock.now(), paid_at=clock.now(), signed_at=clock.now())
    ticket = make_ticket("和客服说的不一样，要退")
    conversation.reply(ticket=ticket, actor=agent, body="为您登记退货")
    wrong = apply(ticket, agent, bought, reason="misadvised", has_evidence=True)
    other = make_ticket("七天无理由", customer=None)
    plain = apply(other, agent, place_order(other, no="TB2"), item=None, kind="refund_only", reason="not_received")
    assert (wrong.advice and wrong.advice.author, wrong.advice and wrong.advice.ticket) == (agent2, asked)
    AfterSales.objects.filter(pk=plain.pk).update(kind="return_refund", advice=None)
    tables = {
        table.group.key: table for table in browser(supervisor).get(f"/reports/returns/?{DAYS}").context["tables"]
    }
    advisors = {line.label: (line.count, line.misadvised) for line in tables["advisor"].lines}
    assert advisors == {agent2.name: (1, 1), "没有人工回复": (1, 0)}
    for table in tables.values():
        assert sum(line.count for line in table.lines) == 2
        for line in table.lines:
            assert count_of(supervisor, line.url) == line.count
            if table.group.key != "reason":
                assert count_of(supervisor, line.misadvised_url) == line.misadvised
    page = text(browser(supervisor).get(f"/aftersales/{wrong.pk}/"))
    assert f"/desk/{asked.number}/#message-" in page
    found = client_of(supervisor).get(f"/api/v1/return-statistics/?{DAYS}").json()
    assert found["count"] == 2
    assert {line["label"]: line["count"] for line in found["reason"]} == {"与客服描述不符": 1, "未收到货": 1}
