"""The empathy checklist of a first reply: live at the desk, and scored as a norm by the same words."""

from collections.abc import Callable

import pytest

from core.events.consumers import run_consumers
from crm.staff.models import User
from tests.workbench.conftest import browser, text
from tickets import norm_words
from tickets.models import NormBreach, Ticket
from tickets.services import conversation
from tickets.services.norms import configuring

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C12")]
Make = Callable[..., Ticket]
ASKED = "收到的玻璃杯碎了两个，怎么没人管？"
FULL = "非常抱歉让您久等了，您说的玻璃杯破损我们已看到，今天 18:00 前给您补发方案。"
NORM = {
    "all": [{"field": f"reply.{name}", "op": "eq", "value": True} for name in ("acknowledges", "restates", "commits")]
}


@pytest.mark.parametrize(
    ("reply", "acknowledges", "restates", "commits"),
    [
        (FULL, True, True, True),
        ("在的", False, False, False),
        ("您的心情我非常理解。", True, False, False),
        ("玻璃杯的事已登记。", False, True, False),
        ("两小时内回复您。", False, False, True),
        ("给您添麻烦了，关于您的问题明天答复。", True, True, True),
    ],
)
def test_what_a_first_reply_does(reply: str, acknowledges: bool, restates: bool, commits: bool) -> None:
    found = (norm_words.acknowledges(reply), norm_words.restates(reply, ASKED), norm_words.commits(reply))
    assert found == (acknowledges, restates, commits)


def judged(user: User, ticket: Ticket, body: str, kind: str = "reply") -> dict[str, bool] | None:
    answer = browser(user).post(f"/desk/{ticket.number}/draft/", {"kind": kind, "body": body}).json()
    return {item["key"]: item["is_met"] for item in answer["empathy"]} if "empathy" in answer else None


def test_it_is_judged_while_typing(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket(ASKED)
    assert judged(agent, ticket, "您好") == {"acknowledges": False, "restates": False, "commits": False}
    assert judged(agent, ticket, FULL) == {"acknowledges": True, "restates": True, "commits": True}
    assert 'id="composer-empathy"' in text(browser(agent).get(f"/desk/{ticket.number}/pane/"))


def test_only_the_first_reply_has_it(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket(ASKED)
    assert judged(agent, ticket, "仓库说缺货", kind="note") is None
    conversation.reply(ticket=ticket, actor=agent, body=FULL)
    assert judged(agent, ticket, "还有一点") is None
    assert 'id="composer-empathy"' not in text(browser(agent).get(f"/desk/{ticket.number}/pane/"))


def test_missing_items_never_block(make_ticket: Make, agent: User) -> None:
    agent.undoes_send = False
    agent.save(update_fields=["undoes_send"])
    ticket = make_ticket(ASKED)
    browser(agent).post(f"/desk/{ticket.number}/send/", {"kind": "reply", "body": "在的"})
    assert ticket.messages.filter(kind="reply").exists()


@pytest.mark.parametrize(("reply", "breaches"), [(FULL, 0), ("在的，您稍等。", 1)])
def test_it_is_scored_as_a_norm(make_ticket: Make, agent: User, reply: str, breaches: int) -> None:
    configuring.save_norm(
        norm=None, actor=None, values={"stage": "accepted", "name": "首次回复有同理心", "requirement": NORM}
    )
    ticket = make_ticket(ASKED)
    conversation.reply(ticket=ticket, actor=agent, body=reply)
    run_consumers()
    found = NormBreach.objects.filter(ticket=ticket)
    assert found.count() == breaches
    if breaches:
        assert "体谅" in found.get().reason
