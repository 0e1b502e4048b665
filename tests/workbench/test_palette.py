"""The palette finds tickets by number, customers, views and scripts, each in sight only."""

from collections.abc import Callable

import pytest

from crm.staff.models import User
from tests.scripts_library.factories import make_script
from tests.workbench.conftest import browser
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def find(user: User, query: str, **more: str) -> list[str]:
    answer = browser(user).get("/palette/", {"q": query, **more})
    assert answer.status_code == 200
    return [one["href"] for one in answer.json()["results"]]


def test_a_ticket_by_the_beginning_of_its_number(make_ticket: Make, agent: User, other_agent: User) -> None:
    ticket = make_ticket()
    assert f"/desk/{ticket.number}/" in find(agent, ticket.number[:10])
    assert f"/desk/{ticket.number}/" in find(agent, ticket.number)
    assert find(agent, ticket.number[:3]) == []
    assert find(other_agent, ticket.number) == []


def test_a_customer_by_name_initials_and_phone(make_ticket: Make, agent: User, other_agent: User) -> None:
    ticket = make_ticket()
    place = f"/customers/{ticket.customer_id}/"
    for words in ("陈女士", "cns", "13800138000"):
        assert place in find(agent, words)
        assert place not in find(other_agent, words)


def test_a_view_by_name_and_initials(agent: User) -> None:
    assert "/desk/?view=overdue" in find(agent, "超时")
    assert "/desk/?view=snoozed" in find(agent, "shcl")


def test_a_script_unless_the_page_brings_its_own(agent: User, lead: User, supervisor: User) -> None:
    version = make_script(author=lead, reviewer=supervisor, key="AF-1", title="破损致歉补发", body="非常抱歉")
    assert f"/scripts/{version.item_id}/" in find(agent, "破损")
    assert find(agent, "破损", scripts="0") == []


@pytest.mark.parametrize("query", ["", " ", "%", "'", "x" * 500])
def test_strange_words_find_nothing_and_break_nothing(agent: User, query: str) -> None:
    assert find(agent, query) == []
