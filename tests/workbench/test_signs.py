"""Who is looking, who is typing, what is unread."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from core import presence
from core import redis as core_redis
from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket
from tickets.services import conversation

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def say(user: User, ticket: Ticket, state: str, **more: str) -> Any:
    answer = browser(user).post(f"/desk/{ticket.number}/here/", {"state": state, **more})
    assert answer.status_code == 200
    return answer.json()["people"]


def test_colleagues_see_who_looks_and_who_types(make_ticket: Make, agent: User, agent2: User) -> None:
    ticket = make_ticket()
    assert say(agent, ticket, "looking") == []
    assert say(agent2, ticket, "looking") == [{"id": agent.pk, "name": agent.name, "state": "looking"}]
    say(agent, ticket, "typing")
    page = text(browser(agent2).get(f"/desk/{ticket.number}/"))
    assert f"{agent.name} 正在输入" in page
    assert "ti-pencil" in text(browser(agent2).get("/desk/rows/?view=open"))
    say(agent, ticket, "left")
    assert say(agent2, ticket, "looking") == []


def test_who_says_nothing_for_a_while_has_left(make_ticket: Make, agent: User, agent2: User, frozen: Any) -> None:
    ticket = make_ticket()
    say(agent, ticket, "looking")
    frozen.shift(presence.SECONDS + 1)
    assert say(agent2, ticket, "looking") == []


def test_only_changes_are_told_and_only_to_who_sees_the_ticket(
    make_ticket: Make, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr("crm.workbench.signs.publish_passing", lambda **news: told.append(news))
    ticket = make_ticket()
    say(agent, ticket, "looking")
    say(agent, ticket, "looking")
    say(agent, ticket, "typing")
    assert [news["data"]["state"] for news in told] == ["looking", "typing"]
    assert told[0]["audience"] == ticket.audience
    json.dumps(told)


def test_without_redis_the_desk_works_and_shows_nobody(
    make_ticket: Make, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    monkeypatch.setattr(core_redis, "client", lambda: gone)
    monkeypatch.setattr(core_redis, "_quiet_until", 0.0)
    ticket = make_ticket()
    assert say(agent, ticket, "looking") == []
    assert "请问这个怎么用" in text(browser(agent).get(f"/desk/{ticket.number}/"))


def test_an_unknown_state_is_refused(make_ticket: Make, agent: User) -> None:
    answer = browser(agent).post(
        f"/desk/{make_ticket().number}/here/", {"state": "dancing"}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["state"])


def test_a_row_is_unread_until_looked_at_and_again_when_the_customer_writes(
    desk: Desk, make_ticket: Make, agent: User, frozen: Any
) -> None:
    ticket = make_ticket()
    assert "is-unread" in text(browser(agent).get("/desk/rows/?view=open"))
    frozen.shift(60)
    say(agent, ticket, "looking", read="1")
    assert "is-unread" not in text(browser(agent).get("/desk/rows/?view=open"))
    frozen.shift(60)
    conversation.customer_message(ticket=ticket, body="还在吗", actor=None)
    assert "is-unread" in text(browser(agent).get("/desk/rows/?view=open"))
    frozen.shift(60)
    conversation.reply(ticket=ticket, actor=agent, body="在的")
    assert "is-unread" not in text(browser(agent).get("/desk/rows/?view=open"))
