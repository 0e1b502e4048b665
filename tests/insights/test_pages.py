"""Home and reports: the right numbers for the right people, at a constant cost, the same in the file."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.events import run_consumers
from core.questionnaires.services import token_of
from core.timers import fire_due
from crm.followups.models import SurveyInvitation
from crm.followups.services import answer_survey, complete_visit, plan_visit
from crm.insights.days import Period
from crm.insights.home import Board, OwnWork
from crm.insights.metrics import METRICS, Unit
from crm.insights.models import DayCount
from crm.insights.questions import Question, today
from crm.insights.reports import COLUMNS, by_queue, by_time, chosen, summary
from crm.navigation import entries
from crm.staff.models import User
from tests.insights.conftest import Desk
from tickets.models import Channel, RoutingRule, Ticket
from tickets.services import conversation, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]
HOUR = 3600
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.S)


@pytest.fixture(autouse=True)
def _nobody_is_dispatched_to(desk: Desk, agent: User) -> None:
    User.objects.update(availability="offline")


@pytest.fixture(autouse=True)
def _no_export_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.exports.hit", lambda limit, identity: 0)


def page(user: User, path: str) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def tiles(board: Board | OwnWork) -> dict[str, int]:
    return {str(tile.label): tile.value for tile in board.tiles}


@pytest.fixture
def two_queues(make_ticket: Make, desk: Desk, frozen: Any) -> None:
    """Three tickets in the team's queue, two in the queue beside."""
    RoutingRule.objects.create(
        name="售前",
        position=1,
        condition={"field": "subject", "op": "contains", "value": "售前"},
        queue=desk.other_queue,
    )
    for _number in range(3):
        make_ticket(type="complaint")
    for _number in range(2):
        make_ticket(subject="售前咨询")
    run_consumers()


def test_everybody_lands_on_a_home_page(agent: User, lead: User, supervisor: User, admin: User, auditor: User) -> None:
    for user in (agent, lead, supervisor, admin, auditor):
        assert "首页" in page(user, "/")
        assert entries(user, "/")[0].place.key == "home"


def test_home_asks_for_a_login() -> None:
    assert Client().get("/").headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("who", "received"), [("lead", 3), ("admin", 5), ("auditor", 5)])
def test_the_board_counts_only_queues_in_sight(request: Any, two_queues: None, who: str, received: int) -> None:
    board = Board(request.getfixturevalue(who))
    found = tiles(board)
    assert (found["今日受理"], found["未结"], found["待受理"]) == (received, received, received)
    assert sum(line.received for line in board.queues) == received
    assert sum(line.load["open"] for line in board.channels) == received
    assert board.chart[-1].received == received


def test_a_person_without_queues_sees_zeros(two_queues: None, supervisor: User) -> None:
    supervisor.memberships.all().delete()
    assert set(tiles(Board(supervisor)).values()) == {0}


@pytest.mark.capability("B02", "C11")
def test_a_breached_first_response_shows_in_every_list_with_the_same_count(
    make_ticket: Make, agent: User, supervisor: User, frozen: Any
) -> None:
    ticket = make_ticket()
    transitions.assign(ticket=ticket, actor=agent)
    frozen.shift(HOUR)
    assert tiles(Board(supervisor))["已超时"] == 0
    frozen.shift(1)
    fire_due(now=clock.now())
    run_consumers()
    late = next(tile for tile in Board(supervisor).tiles if tile.label == "已超时")
    assert (late.value, late.note, late.tone) == (1, "其中首响超时 1", "bad")
    assert tiles(OwnWork(agent))["已超时"] == 1
    month = Question(Period.ending(today(), days=30))
    figures = {cell.figure.metric.key: cell.figure for cell in summary(supervisor, month, ["first_response_breaches"])}
    assert figures["first_response_breaches"].value == 1
    assert ticket.number in page(supervisor, "/reports/rows/first_response_breaches/")
    assert ticket.number in page(agent, f"/reports/rows/first_response_breaches/?person={agent.pk}")


@pytest.mark.parametrize(("left", "overdue", "soon"), [(3601, 0, 0), (3600, 0, 0), (3599, 0, 1), (0, 0, 1), (-1, 1, 0)])
def test_soon_is_within_the_hour_and_overdue_after_the_moment(
    make_ticket: Make, agent: User, frozen: Any, left: int, overdue: int, soon: int
) -> None:
    transitions.assign(ticket=make_ticket(), actor=agent)
    Ticket.objects.update(next_due_at=clock.now() + timedelta(seconds=left))
    found = tiles(OwnWork(agent))
    assert (found["已超时"], found["一小时内到期"]) == (overdue, soon)


def test_an_agents_page_is_about_their_own_work(
    make_ticket: Make, agent: User, agent2: User, frozen: Any, solve: Any
) -> None:
    for minutes in (30, 10, 20):
        ticket = make_ticket()
        transitions.assign(ticket=ticket, actor=agent)
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=clock.now() + timedelta(minutes=minutes))
    transitions.assign(ticket=make_ticket(), actor=agent2)
    solve(make_ticket())
    run_consumers()
    own = OwnWork(agent)
    assert tiles(own)["处理中"] == 3
    assert [round((ticket.next_due_at - clock.now()).total_seconds() / 60) for ticket in own.next] == [10, 20, 30]
    assert [share.figure.text for share in own.figures] == ["1", "1", "100.0%", "—"]
    assert [share.figure.n for share in own.figures][2:] == [1, 0]
    assert [share.figure.text for share in OwnWork(agent2).figures] == ["0", "0", "—", "—"]


def test_visits_due_today_wait_on_the_page(make_ticket: Make, agent: User, other_agent: User, frozen: Any) -> None:
    ticket = make_ticket()
    for hours in (1, 14, 16):
        plan_visit(
            actor=agent,
            customer=ticket.customer,
            ticket=ticket,
            due_at=clock.now() + timedelta(hours=hours),
            assignee=agent,
        )
    assert len(OwnWork(agent).visits) == 2
    assert OwnWork(other_agent).visits == []


def test_the_same_weekday_last_week_stands_beside_today(make_ticket: Make, supervisor: User, frozen: Any) -> None:
    make_ticket()
    make_ticket()
    frozen.shift(7 * 24 * HOUR)
    make_ticket()
    run_consumers()
    received = Board(supervisor).tiles[0]
    assert (received.value, received.note) == (1, "上周同日 2")


@pytest.mark.parametrize("who", ["agent", "lead", "supervisor", "admin"])
def test_the_cost_of_home_does_not_grow(request: Any, make_ticket: Make, solve: Any, who: str, frozen: Any) -> None:
    user = request.getfixturevalue(who)
    client = Client()
    client.force_login(user)

    def cost() -> int:
        run_consumers()
        with CaptureQueriesContext(connection) as found:
            assert client.get("/").status_code == 200
        return len(found)

    solve(make_ticket())
    make_ticket()
    cost()  # what is asked once for all pages is known from then on
    before = cost()
    for number in range(8):
        make_ticket(channel="taobao", external_id=f"more{number}")
        frozen.shift(60)
    solve(make_ticket())
    cost()
    assert 4 < cost() <= before <= 20


def test_figures_have_a_dash_for_nothing_to_divide_by() -> None:
    for metric in METRICS.values():
        empty = metric.figure({})
        assert (empty.value, empty.text) == ((None, "—") if metric.denominator else (0, "0"))
        assert empty.n == 0
        assert empty.interval is None


def test_satisfaction_carries_wilson_and_n() -> None:
    figure = METRICS["satisfaction"].figure({"survey.count": 300, "survey.satisfied": 240, "survey.sum": 1278})
    assert (figure.text, figure.n, figure.interval_text) == ("80.0%", 300, "75.1%–84.1%")
    assert METRICS["score"].figure({"survey.count": 300, "survey.sum": 1278}).text == "4.26"


@pytest.mark.parametrize(
    ("key", "now", "before", "text", "tone"),
    [
        ("received", {"received.other": 12}, {"received.other": 10}, "+20.0%", ""),
        ("received", {"received.other": 12}, {}, "", ""),
        ("solved", {"solved": 5}, {"solved": 10}, "-50.0%", "bad"),
        ("reopen_rate", {"solved.first": 10, "solved.reopened": 1}, {"solved.first": 10, "solved.reopened": 3},
         "-20.0 个百分点", "good"),
        ("reopen_rate", {"solved.first": 10}, {"solved.first": 10}, "+0.0 个百分点", ""),
    ],
)  # fmt: skip
def test_a_change_says_its_direction(key: str, now: Any, before: Any, text: str, tone: str) -> None:
    figure = METRICS[key].figure(now, before)
    assert (figure.change_text, figure.change_tone) == (text, tone)


def test_only_who_leads_opens_reports(agent: User, lead: User, desk: Desk) -> None:
    client = Client()
    client.force_login(agent)
    for path in ("/reports/", "/reports/times/", "/reports/export/", "/reports/rows/received/"):
        assert client.get(path).status_code == 403
    assert client.get(f"/reports/rows/replies/?person={agent.pk}").status_code == 200
    assert client.get(f"/reports/rows/replies/?person={lead.pk}").status_code == 403
    client.force_login(lead)
    assert client.get("/reports/").status_code == 200
    assert client.get("/reports/rows/nothing/").status_code == 404


@pytest.fixture
def busy(two_queues: None, make_ticket: Make, agent: User, frozen: Any) -> None:
    for number in range(4):
        ticket = make_ticket(external_id=f"b{number}")
        frozen.shift(70 * (number + 1))
        conversation.reply(ticket=ticket, actor=agent, body="您好")
        if number % 2:
            transitions.solve(ticket=ticket, actor=agent)
    frozen.shift(24 * HOUR)
    ticket = make_ticket()
    transitions.solve(ticket=ticket, actor=agent)
    transitions.reopen(ticket=ticket, actor=agent)
    run_consumers()


@pytest.mark.parametrize("table", ["days", "queues", "channels"])
def test_the_file_holds_the_numbers_of_the_page(busy: None, supervisor: User, table: str) -> None:
    html = page(supervisor, "/reports/?from=2026-11-16&to=2026-11-17")
    client = Client()
    client.force_login(supervisor)
    answer = client.get(f"/reports/export/?from=2026-11-16&to=2026-11-17&table={table}&format=csv")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    section = html.split(f'id="table-{table}"')[1].split("</table>")[0]
    shown = [
        [_plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)]
        for row in section.split("<tr")[2:]
    ]
    filed = lines[1:-1]
    assert len(shown) == len(filed) > 0
    for on_page, in_file in zip(shown, filed, strict=True):
        assert on_page[0] == in_file[0]
        _same(on_page[1:], in_file[1:])


def test_the_norms_can_be_had_as_a_file(busy: None, supervisor: User) -> None:
    html = page(supervisor, "/reports/?from=2026-11-16&to=2026-11-17")
    client = Client()
    client.force_login(supervisor)
    answer = client.get("/reports/export/?from=2026-11-16&to=2026-11-17&table=norms&format=csv")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert lines[0] == ["分组", "名称", "时效", "质量", "售后时限", "合计"]
    total = next(line for line in lines if line[0] == "合计")
    assert f'data-count="{total[5]}"' in html
    stages = [line for line in lines if line[0] == "阶段"]
    assert sum(int(line[5]) for line in stages) == int(total[5])
    assert all(sum(int(count or 0) for count in line[2:5]) == int(line[5]) for line in stages)


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _same(on_page: list[str], in_file: list[str]) -> None:
    """Each cell of the page against its column of the file and, for what is no count, its column of n."""
    rest = iter(in_file)
    for metric, text in zip(chosen(COLUMNS), on_page, strict=True):
        value = next(rest)
        if metric.unit == Unit.COUNT:
            assert text.replace(",", "") == value
            continue
        n = next(rest)
        shown, _, size = text.partition(" n=")
        assert size == n
        if value == "":
            assert shown == "—"
        elif metric.unit == Unit.SHARE:
            assert shown == f"{float(value):.1f}%"
        elif metric.unit == Unit.SCORE:
            assert float(shown) == float(value)
        else:
            assert shown == metric.written(float(value))


def test_an_excel_file_can_be_had(busy: None, supervisor: User) -> None:
    client = Client()
    client.force_login(supervisor)
    answer = client.get("/reports/export/?format=xlsx")
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert client.get("/reports/export/?table=nonsense").status_code == 404


def test_weeks_sum_their_days(busy: None, supervisor: User) -> None:
    week = by_time(supervisor, Question(Period.ending(today(), days=7), step="week"), ["received"])
    days = by_time(supervisor, Question(Period.ending(today(), days=7)), ["received"])
    assert [row.cells[0].figure.value for row in week.rows] == [8, 0, 8]
    assert sum(row.cells[0].figure.value or 0 for row in days.rows[:-1]) == days.rows[-1].cells[0].figure.value == 8


def test_a_report_can_ask_for_one_queue_and_channel(busy: None, admin: User, desk: Desk) -> None:
    Channel.objects.create(key="web", name="网页")
    for query, number in (("", 10), ("&queue=presale", 2), ("&queue=desk&channel=taobao", 8), ("&channel=web", 0)):
        html = page(admin, f"/reports/?from=2026-11-16&to=2026-11-17{query}")
        summed = html.split('id="table-days"')[1].split("is-total")[1].split("</td>")[0]
        assert _plain(summed).endswith(f"合计 {number}")


def test_a_queue_out_of_sight_is_not_offered_and_not_counted(two_queues: None, lead: User) -> None:
    assert "售前队列" not in page(lead, "/reports/")
    table = by_queue(lead, Question(Period(today(), today())), ["received"])
    assert [(row.label, row.cells[0].figure.value) for row in table.rows] == [("售后队列", 3)]
    assert "合计 3" in _plain(page(lead, "/reports/?queue=presale").split('id="table-days"')[1])


@pytest.mark.parametrize(
    "query",
    ["from=2026-11-20&to=2026-11-01", "from=abc", "from=2020-01-01&to=2026-11-16", "from=0001-01-01&to=0001-01-02"],
)
def test_impossible_days_are_said_and_the_usual_period_shown(
    supervisor: User, desk: Desk, query: str, frozen: Any
) -> None:
    html = page(supervisor, f"/reports/?{query}")
    assert "起止日期不正确" in html
    assert "2026-11-03 – 2026-11-16" in html


@pytest.mark.parametrize("key", [key for key, metric in METRICS.items() if metric.rows != "breaches"])
def test_every_number_opens_as_many_rows_as_it_counts(
    busy: None, supervisor: User, make_ticket: Make, end: Any, agent: User, key: str
) -> None:
    ticket = end(make_ticket(external_id="ended"))
    survey = SurveyInvitation.objects.get(ticket=ticket)
    answer_survey(token=token_of(survey.invitation), raw={"score": 5})
    visit = plan_visit(actor=agent, customer=ticket.customer, ticket=ticket, due_at=clock.now())
    complete_visit(visit=visit, actor=agent, outcome="satisfied")
    run_consumers()
    metric = METRICS[key]
    html = page(supervisor, f"/reports/rows/{key}/?from=2026-11-16&to=2026-11-17")
    totals = DayCount.objects.visible_to(supervisor).totals()
    # A share opens all it is reckoned over; solutions are listed with those after a re-opening.
    counted = {"created": METRICS["received"], "solved": METRICS["solved"]}.get(metric.rows, metric).size(totals)
    if key == "complaints":
        counted = metric.size(totals)
    if key == "answer_rate":
        counted = METRICS["satisfaction"].size(totals)
    body = html.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in html else ""
    assert body.count("<tr>") == counted


def test_a_ticket_that_left_ones_sight_keeps_its_row_without_a_number(
    make_ticket: Make, lead: User, desk: Desk, frozen: Any
) -> None:
    ticket = make_ticket()
    run_consumers()
    transitions.move(ticket=ticket, actor=None, queue=desk.other_queue)
    html = page(lead, "/reports/rows/received/")
    assert ticket.number not in html
    assert "不在您的可见范围" in html


def test_service_times_are_reckoned_over_single_tickets(
    make_ticket: Make, supervisor: User, agent: User, frozen: Any
) -> None:
    for seconds in (40, 250, 20, 179, 180, 15, 300):
        ticket = make_ticket()
        frozen.shift(seconds)
        conversation.reply(ticket=ticket, actor=agent, body="您好")
        transitions.wait(ticket=ticket, actor=agent)
        frozen.shift(600)
        transitions.resume(ticket=ticket, actor=agent)
        transitions.solve(ticket=ticket, actor=agent)
    make_ticket()
    text = _plain(page(supervisor, "/reports/times/"))
    assert "首响中位数 2分59秒 n=7" in text
    assert "首响 P90 4分30秒 n=7" in text
    assert "处理时长中位数 2分59秒 n=7" in text
    assert "至今解决 87.5% n=8" in text
    assert "一次解决率 100.0% n=7" in text


def test_a_period_too_long_for_single_tickets_is_said(supervisor: User, desk: Desk) -> None:
    assert "请缩短时段" in page(supervisor, "/reports/times/?from=2026-01-01&to=2026-11-16")


def test_chart_and_table_show_the_same(two_queues: None, supervisor: User, lead: User) -> None:
    html = page(lead, "/")
    data = json.loads(html.split('id="home-chart" type="application/json">')[1].split("</script>")[0])
    assert data["series"][0]["values"][-1] == 3
    assert [data["days"][0], data["days"][-1]] == ["11-03", "11-16"]
    assert "<script>" not in html
    assert ' style="' not in html


def test_the_minute_part_refreshes_alone(two_queues: None, lead: User) -> None:
    html = page(lead, "/home/now/")
    assert html.strip().startswith('<div id="home-now"')
    assert "<html" not in html


@pytest.mark.parametrize("path", ["/reports/", "/reports/times/", "/reports/rows/sla/", "/reports/export/"])
@pytest.mark.parametrize("query", ["queue=%F0%9F%99%82", "channel=%ED%A0%80", "cursor=abc", "step=x", "from=x&to=9"])
def test_nonsense_in_the_address_is_an_ordinary_page(supervisor: User, desk: Desk, path: str, query: str) -> None:
    client = Client()
    client.force_login(supervisor)
    assert client.get(f"{path}?{query}").status_code == 200
