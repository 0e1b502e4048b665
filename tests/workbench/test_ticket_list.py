"""The ticket list: sight, the sentence of filters, pages, export."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.events import Event
from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket
from tickets.services import transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def numbers(answer: Any) -> list[str]:
    return [row.number for row in answer.context["page"].rows]


def test_an_empty_list_says_where_tickets_come_from(agent: User, desk: Desk) -> None:
    page = text(browser(agent).get("/tickets/"))
    assert "还没有工单" in page
    assert "自动建单" in page


def test_strangers_log_in_first(client: Any) -> None:
    assert client.get("/tickets/").status_code == 302
    assert client.get("/tickets/export/").status_code == 302


def test_everybody_sees_the_tickets_of_their_queues(
    agent: User, other_agent: User, auditor: User, make_ticket: Make
) -> None:
    ticket = make_ticket("杯子碎了")
    assert numbers(browser(agent).get("/tickets/")) == [ticket.number]
    assert numbers(browser(other_agent).get("/tickets/")) == []
    masked = text(browser(auditor).get("/tickets/"))
    assert ticket.number in masked
    assert "陈女士" not in masked


def test_a_row_opens_the_ticket_on_the_desk(agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    assert f'data-href="/desk/{ticket.number}/"' in text(browser(agent).get("/tickets/"))


def test_the_sentence_narrows_the_list(agent: User, desk: Desk, make_ticket: Make) -> None:
    User.objects.filter(pk=agent.pk).update(availability="offline")  # so that nothing is dispatched
    mine, solved, plain = make_ticket("甲"), make_ticket("乙"), make_ticket("丙")
    transitions.assign(ticket=mine, actor=agent)
    transitions.solve(ticket=solved, actor=agent)
    page = browser(agent)
    assert set(numbers(page.get("/tickets/?status=unfinished"))) == {mine.number, plain.number}
    assert numbers(page.get("/tickets/?status=solved")) == [solved.number]
    assert numbers(page.get("/tickets/?assignee=none")) == [plain.number]
    assert set(numbers(page.get("/tickets/?assignee=me"))) == {mine.number, solved.number}
    assert numbers(page.get(f"/tickets/?assignee={agent.pk}&status=open")) == [mine.number]
    assert len(numbers(page.get("/tickets/?queue=desk&channel=taobao"))) == 3
    assert numbers(page.get("/tickets/?priority=urgent")) == []
    answer = page.get("/tickets/?status=solved&order=oldest")
    assert "清除筛选" in text(answer)
    assert answer.context["chips"][0].chosen.label == "已解决"


def test_an_unknown_choice_counts_as_none(agent: User, make_ticket: Make) -> None:
    make_ticket()
    page = browser(agent)
    for query in ("status=nonsense", "assignee=1%20or%201", "queue=presale", "order=x", "cursor=rubbish"):
        assert len(numbers(page.get(f"/tickets/?{query}"))) == 1, query


def test_overdue_and_soon(agent: User, frozen: Any, make_ticket: Make) -> None:
    ticket = make_ticket()
    assert numbers(browser(agent).get("/tickets/?overdue=true")) == []
    frozen.shift(1800)
    assert numbers(browser(agent).get("/tickets/?overdue=soon")) == [ticket.number]
    frozen.shift(3600)
    assert numbers(browser(agent).get("/tickets/?overdue=true")) == [ticket.number]
    assert numbers(browser(agent).get("/tickets/?overdue=soon")) == []


def test_the_search_of_the_frame_comes_here(agent: User, make_ticket: Make) -> None:
    ticket = make_ticket("退款一直没有到账")
    make_ticket("尺码怎么选")
    page = browser(agent)
    assert 'action="/tickets/"' in text(page.get("/tickets/"))
    assert numbers(page.get("/tickets/", {"search": "退款"})) == [ticket.number]
    assert numbers(page.get("/tickets/", {"search": ticket.number})) == [ticket.number]
    nothing = text(page.get("/tickets/", {"search": "没有这个词儿"}))
    assert "没有符合条件的工单" in nothing
    assert "清除筛选" in nothing


def test_htmx_gets_the_rows_alone(agent: User, make_ticket: Make) -> None:
    make_ticket()
    assert "<html" not in text(browser(agent).get("/tickets/", headers={"HX-Request": "true"}))


def test_pages_go_forward_and_back_in_every_order(agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    start = clock.now()
    for offset in range(1, 61):
        ticket.pk, ticket.number, ticket.inbound = None, f"9{offset:013d}", None
        ticket._state.adding, ticket.external_id = True, f"copy{offset}"
        ticket.row_key = uuid4()
        ticket.created_at = start + timedelta(seconds=offset)
        ticket.next_due_at = None if offset % 7 == 0 else start + timedelta(seconds=offset)
        ticket.save()
    page = browser(agent)
    for order in ("", "oldest", "due"):
        first = page.get("/tickets/", {"order": order})
        second = page.get("/tickets/", {"order": order, "cursor": first.context["page"].next})
        assert len({*numbers(first), *numbers(second)}) == 61, order
        back = page.get("/tickets/", {"order": order, "cursor": second.context["page"].previous})
        assert numbers(back) == numbers(first), order


def test_the_number_of_queries_does_not_grow(agent: User, make_ticket: Make) -> None:
    page = browser(agent)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text(page.get("/tickets/"))
        return len(queries)

    make_ticket()
    page.get("/tickets/")
    one = count()
    for _ in range(5):
        make_ticket()
    assert count() == one
    assert one <= 10


def test_export_needs_the_right(agent: User, auditor: User) -> None:
    assert "导出" not in text(browser(agent).get("/tickets/"))
    text(browser(agent).get("/tickets/export/"), 403)
    text(browser(auditor).get("/tickets/export/"), 403)


@pytest.mark.usefixtures("no_export_limit")
def test_the_export_holds_the_filtered_rows_masked(supervisor: User, make_ticket: Make) -> None:
    kept = make_ticket("我的电话是 13900139000，请回电")
    gone = make_ticket("别的事")
    transitions.solve(ticket=gone, actor=supervisor)
    answer = browser(supervisor).get("/tickets/export/?status=new&format=csv")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert answer.status_code == 200
    assert kept.number in body
    assert gone.number not in body
    assert "13800138000" not in body
    assert "13900139000" not in body
    assert "陈女士" not in body
    event = Event.objects.get(kind="export.made")
    assert event.payload["count"] == 1
    xlsx = browser(supervisor).get("/tickets/export/?format=xlsx")
    assert b"".join(xlsx.streaming_content).startswith(b"PK")
