"""Norms not met: the rep's list, the supervisor's board and the monthly report show one count."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from core import clock
from core.events import run_consumers
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.aftersales import apply, place_order
from tests.workbench.conftest import Desk, browser, text
from tickets.models import NormBreach, Ticket
from tickets.services import conversation, transitions
from tickets.services.aftersales import accepting
from tickets.services.norms import breaches, configuring

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B02")]
Make = Callable[..., Ticket]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = "/reports/?from=2026-11-01&to=2026-11-30"


@pytest.fixture(autouse=True)
def _nobody_is_dispatched(agent: User, agent2: User, desk: Desk) -> None:
    User.objects.update(availability="busy")


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


def number(page: str, pattern: str) -> int:
    found = re.search(pattern, page)
    assert found, page
    return int(found[1])


def counts(agent: User, supervisor: User, report: str = NOVEMBER) -> dict[str, int]:
    """The count of one person's breaches on each of the three pages, and both totals."""
    board, shown = text(browser(supervisor).get("/board/")), browser(supervisor).get(report)
    people = {line.label: line.counts[0] for line in shown.context["norms"].people}
    line = people.get(agent.name)
    return {
        "list": number(text(browser(agent).get("/breaches/?assignee=me")), r'id="breach-count">(\d+)<'),
        "board": number(board, rf'data-unmet="{agent.pk}">(\d+)<') if f'data-unmet="{agent.pk}"' in board else 0,
        "report": line.number if line else 0,
        "board total": number(board, r'id="unmet"[^>]*data-count="(\d+)"'),
        "report total": number(text(shown), r'id="norm-total"[^>]*data-count="(\d+)"'),
    }


def late_first_reply(make: Make, agent: User, due: datetime) -> Ticket:
    """A ticket whose first reply was promised for `due` (an hour after it came) and was not given in time."""
    with time_machine.travel(due.timestamp() - 3600, tick=False) as frozen:
        ticket = make()
        transitions.assign(ticket=ticket, actor=agent)
        frozen.shift(3600)
        fire_due(now=clock.now())
        frozen.shift(60)
        conversation.reply(ticket=ticket, actor=agent, body="知道了")
        run_consumers()
    return ticket


@pytest.mark.parametrize(
    ("due", "november"),
    [
        (at(2026, 10, 31, 23, 59, 59), 0),
        (at(2026, 11, 1, 0, 0, 0), 1),
        (at(2026, 11, 30, 23, 59, 59), 1),
        (at(2026, 12, 1, 0, 0, 0), 0),
    ],
)
def test_list_board_and_report_count_the_same_at_the_borders_of_the_month(
    agent: User, supervisor: User, make_ticket: Make, due: datetime, november: int
) -> None:
    late_first_reply(make_ticket, agent, due)
    assert NormBreach.objects.get().at == due
    with time_machine.travel(at(2026, 11, 30, 23, 59, 59), tick=False):
        assert set(counts(agent, supervisor).values()) == {november}


def test_time_and_quality_of_two_people_are_one_count_everywhere(
    agent: User, agent2: User, lead: User, supervisor: User, make_ticket: Make
) -> None:
    requirement = {"field": "reply.greets", "op": "eq", "value": True}
    values = {"stage": "accepted", "name": "问候", "requirement": requirement}
    norm = configuring.save_norm(norm=None, actor=None, values=values)
    late_first_reply(make_ticket, agent, at(2026, 11, 10, 12))
    ticket = late_first_reply(make_ticket, agent2, at(2026, 11, 11, 12))
    by_hand = configuring.save_norm(norm=None, actor=None, values={"stage": "handled", "name": "态度"})
    with time_machine.travel(at(2026, 11, 20), tick=False):
        marked = breaches.mark(ticket=ticket, norm=by_hand, actor=lead, reason="语气生硬")
        assert set(NormBreach.objects.values_list("kind", "norm")) == {
            ("time", None),
            ("quality", norm.pk),
            ("quality", by_hand.pk),
        }
        # The first ticket was not solved within the day either.
        first, second = counts(agent, supervisor), counts(agent2, supervisor)
        assert first == {"list": 3, "board": 3, "report": 3, "board total": 6, "report total": 6}
        assert second == {"list": 3, "board": 3, "report": 3, "board total": 6, "report total": 6}
        browser(lead).post(f"/breaches/{marked.pk}/withdrawal/", {"note": "异议成立"})
        assert counts(agent2, supervisor) == {
            "list": 2,
            "board": 2,
            "report": 2,
            "board total": 5,
            "report total": 5,
        }


def test_every_number_of_the_report_opens_its_rows(agent: User, supervisor: User, make_ticket: Make) -> None:
    late_first_reply(make_ticket, agent, at(2026, 11, 10, 12))
    with time_machine.travel(at(2026, 11, 20), tick=False):
        shown = browser(supervisor).get(NOVEMBER).context["norms"]
        links = [shown.total, *(cell for line in [*shown.stages, *shown.people] for cell in line.counts)]
        for cell in links:
            page = text(browser(supervisor).get(cell.url))
            assert number(page, r'id="breach-count">(\d+)<') == cell.number, cell.url


def test_a_colleague_sees_neither_row_nor_count(
    agent: User, agent2: User, other_agent: User, make_ticket: Make
) -> None:
    late_first_reply(make_ticket, agent, at(2026, 11, 10, 12))
    breach = NormBreach.objects.get()
    with time_machine.travel(at(2026, 11, 20), tick=False):
        for person in (agent2, other_agent):
            assert number(text(browser(person).get("/breaches/")), r'id="breach-count">(\d+)<') == 0
            text(browser(person).get(f"/breaches/{breach.pk}/"), 404)


def test_the_rep_objects_and_the_lead_sees_it(agent: User, lead: User, make_ticket: Make) -> None:
    late_first_reply(make_ticket, agent, at(2026, 11, 10, 12))
    breach = NormBreach.objects.get()
    with time_machine.travel(at(2026, 11, 20), tick=False):
        answer: Any = browser(agent).post(f"/breaches/{breach.pk}/objection/", {"note": ""})
        assert "note" in answer.context["form"].errors
        browser(agent).post(f"/breaches/{breach.pk}/objection/", {"note": "当时系统故障"})
        assert "当时系统故障" in text(browser(lead).get(f"/breaches/{breach.pk}/"))
        assert str(breach.ticket.number) in text(browser(lead).get("/breaches/?state=objected"))


def test_a_mark_by_hand_names_what_is_wrong(agent: User, lead: User, make_ticket: Make) -> None:
    answer: Any = browser(lead).post("/breaches/new/", {"ticket": "1", "norm": "", "reason": ""})
    assert answer.status_code == 422
    assert {"norm", "reason"} <= set(answer.context["form"].errors)


@pytest.mark.capability("D04")
def test_limits_of_after_sales_count_beside_the_others_and_the_same_everywhere(
    agent: User, agent2: User, supervisor: User, make_ticket: Make
) -> None:
    """Applied at 12:00, one request is due after 24 hours on one platform and after 48 on another; a late step
    before its timer counts once."""
    with time_machine.travel(at(2026, 11, 13, 12), tick=False) as frozen:
        tickets = [make_ticket() for _number in range(3)]
        for ticket, owner in zip(tickets, (agent, agent2, agent), strict=True):
            transitions.assign(ticket=ticket, actor=owner)
            conversation.reply(ticket=ticket, actor=owner, body="您好，1小时内处理。")
        first, second, third = (
            apply(ticket, agent, place_order(ticket, no=f"TB{number}", platform=platform))
            for number, (ticket, platform) in enumerate(zip(tickets, ("taobao", "jd", "taobao"), strict=True))
        )
        for ticket in tickets:
            transitions.solve(ticket=ticket, actor=agent)
        frozen.shift(86400 - 1)
        fire_due(now=clock.now())
        assert NormBreach.objects.count() == 0
        frozen.shift(2)
        accepting.accept(request=third, actor=agent)
        fire_due(now=clock.now())
        fire_due(now=clock.now())
        found = NormBreach.objects.filter(kind="aftersales").values_list("aftersales", "stage", "assignee", "at")
        due = at(2026, 11, 14, 12)
        assert sorted(found) == [
            (first.pk, "accepted", agent.pk, due),
            (third.pk, "accepted", agent.pk, due),
        ]
        frozen.shift(86400)
        fire_due(now=clock.now())
        run_consumers()
        mine, other = counts(agent, supervisor), counts(agent2, supervisor)
        assert mine == {"list": 2, "board": 2, "report": 2, "board total": 3, "report total": 3}
        assert other == {"list": 1, "board": 1, "report": 1, "board total": 3, "report total": 3}
        norms = browser(supervisor).get(NOVEMBER).context["norms"]
        accepted = next(line for line in norms.stages if line.label == "受理")
        assert (norms.kinds, [cell.number for cell in accepted.counts]) == (["时效", "质量", "售后时限"], [0, 0, 3, 3])
        assert second.get_kind_display() in text(browser(supervisor).get("/breaches/?kind=aftersales"))
        row = NormBreach.objects.filter(aftersales=first).get()
        assert f"/aftersales/{first.pk}/" in text(browser(agent).get(f"/breaches/{row.pk}/"))
