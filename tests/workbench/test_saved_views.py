"""Views that people make and share: what they hold, who finds them, and what their numbers cost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import Event
from crm.staff.models import User
from crm.workbench import desk as desk_page
from crm.workbench.models import SavedView
from crm.workbench.saved_views.selecting import ORDERINGS, Counted, counted, tickets_of
from crm.workbench.saved_views.services import remove_view, save_view
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket
from tickets.services import editing, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]
Make = Callable[..., Ticket]
COMPLAINTS = {"field": "type", "op": "eq", "value": "complaint"}


def make_view(owner: User, condition: Any = None, **values: Any) -> SavedView:
    given = {"name": values.pop("name", "视图"), "condition": condition or {}, **values}
    return save_view(view=None, actor=owner, values=given)


def numbers(answer: Any) -> set[str]:
    return {row.number for row in answer.context["page"].rows}


def test_the_sentence_above_the_list_is_kept_as_a_view(agent: User, make_ticket: Make) -> None:
    complaint, other = make_ticket("碎了", type="complaint"), make_ticket("在吗", type="consultation")
    page = browser(agent)
    saved = page.post(
        "/tickets/views/?status=unfinished&type=complaint&order=oldest",
        {"name": "我的投诉", "columns": ["number", "due"]},
    )
    view = SavedView.objects.get()
    assert saved.status_code == 302
    assert saved.url == f"/tickets/?saved={view.pk}"
    assert (view.owner, view.order, view.columns) == (agent, "oldest", ["number", "due"])
    answer = page.get(saved.url)
    assert numbers(answer) == {complaint.number}
    assert "类型 是 投诉" in text(answer)
    assert [column.key for column in answer.context["columns"]] == ["number", "due"]
    assert numbers(page.get("/tickets/")) == {complaint.number, other.number}


def test_a_view_can_be_narrowed_and_the_rest_kept_as_another(agent: User, make_ticket: Make) -> None:
    plain, urgent = make_ticket("甲", type="complaint"), make_ticket("乙", type="complaint", priority="urgent")
    view = make_view(agent, COMPLAINTS)
    page = browser(agent)
    assert numbers(page.get(f"/tickets/?saved={view.pk}")) == {plain.number, urgent.number}
    assert numbers(page.get(f"/tickets/?saved={view.pk}&priority=urgent")) == {urgent.number}
    page.post(f"/tickets/views/?saved={view.pk}&priority=urgent", {"name": "紧急投诉"})
    narrower = SavedView.objects.get(name="紧急投诉")
    assert set(tickets_of(narrower, agent)) == {urgent}


def test_me_is_whoever_looks(agent: User, agent2: User, lead: User, desk: Desk, make_ticket: Make) -> None:
    first, second = make_ticket("甲"), make_ticket("乙")
    transitions.assign(ticket=first, actor=agent)
    transitions.assign(ticket=second, actor=agent2)
    view = make_view(lead, {"field": "assignee", "op": "eq", "value": "me"}, sharing="all")
    assert set(tickets_of(view, agent)) == {first}
    assert set(tickets_of(view, agent2)) == {second}


def test_a_view_holds_open_tickets_unless_it_asks_for_states(agent: User, make_ticket: Make) -> None:
    solved, standing = make_ticket("甲"), make_ticket("乙")
    transitions.solve(ticket=solved, actor=agent)
    everything = make_view(agent, {"field": "status", "op": "is_set"}, name="全部", order="newest")
    assert set(tickets_of(make_view(agent), agent)) == {standing}
    assert set(tickets_of(everything, agent)) == {solved, standing}


def test_tags_and_clocks_can_be_asked_for(agent: User, frozen: Any, make_ticket: Make) -> None:
    tagged, plain = make_ticket("甲"), make_ticket("乙")
    editing.edit(ticket=tagged, actor=agent, changes={"tags": ["大促"]})
    by_tag = make_view(agent, {"field": "tags", "op": "contains", "value": "大促"}, name="标签")
    without = make_view(agent, {"field": "tags", "op": "is_empty"}, name="无标签")
    late = make_view(agent, {"field": "due", "op": "contains", "value": "overdue"}, name="超时")
    assert set(tickets_of(by_tag, agent)) == {tagged}
    assert set(tickets_of(without, agent)) == {plain}
    assert set(tickets_of(late, agent)) == set()
    frozen.shift(3601)
    assert set(tickets_of(late, agent)) == {tagged, plain}


def test_another_s_private_view_does_not_exist(
    agent: User, agent2: User, supervisor: User, admin: User, make_ticket: Make
) -> None:
    view = make_view(agent, name="只给自己")
    for other in (agent2, supervisor, admin):
        page = browser(other)
        assert page.get(f"/tickets/?saved={view.pk}").status_code == 404
        assert page.post(f"/tickets/views/{view.pk}/", {"name": "x"}).status_code == 404
        assert page.post(f"/tickets/views/{view.pk}/remove/").status_code == 404
        assert "只给自己" not in text(page.get(f"/desk/?view=saved-{view.pk}"))
    assert SavedView.objects.get().name == "只给自己"


def test_a_team_view_is_found_by_the_team_and_those_above(
    agent: User, lead: User, supervisor: User, other_agent: User, team: Any
) -> None:
    view = make_view(lead, COMPLAINTS, sharing="team", team=team)
    seen = {
        person.username: SavedView.objects.visible_to(person).filter(pk=view.pk).exists()
        for person in (agent, lead, supervisor, other_agent)
    }
    assert seen == {"agent": True, "lead": True, "supervisor": True, "other_agent": False}


def test_what_a_shared_view_shows_is_each_one_s_own_sight(lead: User, other_agent: User, make_ticket: Make) -> None:
    make_ticket()
    view = make_view(lead, sharing="all")
    assert numbers(browser(other_agent).get(f"/tickets/?saved={view.pk}")) == set()
    assert [item.count for item in counted([view], other_agent)] == [0]


def test_agents_keep_views_to_themselves_and_nobody_shares_with_teams_they_do_not_see(
    agent: User, lead: User, other_team: Any
) -> None:
    with pytest.raises(NotAllowed):
        make_view(agent, sharing="all")
    with pytest.raises(InvalidInput) as fault:
        make_view(lead, sharing="team", team=other_team)
    assert "team" in fault.value.fields


def test_only_the_owner_changes_a_view_and_an_admin_a_shared_one(agent: User, lead: User, admin: User) -> None:
    view = make_view(lead, sharing="all")
    with pytest.raises(NotAllowed):
        save_view(view=view, actor=agent, values={"name": "新名"})
    assert save_view(view=view, actor=admin, values={"name": "新名"}).name == "新名"
    with pytest.raises(NotAllowed):
        remove_view(view=view, actor=agent)
    remove_view(view=view, actor=lead)
    assert SavedView.objects.count() == 0
    kinds = Event.objects.filter(subject_type="saved_view").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["view.saved", "view.saved", "view.removed"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "甲", "columns": ["secret"]}, "columns"),
        ({"name": "甲", "condition": {"field": "password", "op": "eq", "value": "x"}}, "condition"),
    ],
)
def test_a_fault_names_its_field(agent: User, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as fault:
        save_view(view=None, actor=agent, values={"condition": {}, **values})
    assert field in fault.value.fields


def test_names_are_one_s_own(agent: User, agent2: User) -> None:
    make_view(agent, name="待办")
    make_view(agent2, name="待办")
    with pytest.raises(InvalidInput):
        make_view(agent, name="待办 ")


def test_every_view_is_counted_in_the_one_statement_of_the_left_pane(agent: User, make_ticket: Make) -> None:
    make_ticket("碎了", type="complaint")
    finished = make_ticket("好了", type="complaint")
    transitions.solve(ticket=finished, actor=agent)
    make_view(agent, COMPLAINTS, name="视图0")
    with CaptureQueriesContext(connection) as one:
        pane = desk_page.left_pane(User.objects.get(pk=agent.pk))
    assert [item.shown for item in pane.saved] == ["1"]
    for number in range(1, 9):
        make_view(agent, COMPLAINTS, name=f"视图{number}")
    with CaptureQueriesContext(connection) as nine:
        assert len(desk_page.left_pane(User.objects.get(pk=agent.pk)).saved) == 9
    assert len(nine) == len(one)
    assert all("'closed'" not in query["sql"] for query in nine)


def test_more_than_99_is_not_told_apart() -> None:
    assert [Counted(SavedView(), number).shown for number in (0, 99, 100, 5000, None)] == ["0", "99", "99+", "99+", ""]


def test_a_view_whose_rule_is_gone_stands_without_a_number(agent: User, make_ticket: Make) -> None:
    view = make_view(agent)
    SavedView.objects.filter(pk=view.pk).update(condition={"field": "gone", "op": "eq", "value": "x"})
    assert "视图" in text(browser(agent).get("/desk/"))
    answer = browser(agent).get(f"/tickets/?saved={view.pk}")
    assert answer.status_code == 302
    assert answer.url == "/tickets/"


def test_views_over_the_api(agent: User, make_ticket: Make, client: Any) -> None:
    from crm.staff.services.tokens import issue_token

    make_ticket("碎了", type="complaint")
    _row, token = issue_token(user=agent, name="t", actor=agent)
    head = {"HTTP_AUTHORIZATION": f"Token {token}", "content_type": "application/json"}
    made = client.post("/api/v1/views/", {"name": "投诉", "condition": COMPLAINTS}, **head)
    assert made.status_code == 201
    assert made.json()["count"] == 1
    assert made.json()["sentence"] == "类型 是 投诉"
    assert client.get("/api/v1/views/", **head).json()["results"][0]["owner"] == "agent"
    wrong = client.post("/api/v1/views/", {"name": "坏", "condition": {"field": "x"}}, **head)
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["condition"])
    assert client.post("/api/v1/views/", {"name": "给所有人", "sharing": "all"}, **head).status_code == 403
    assert client.delete(f"/api/v1/views/{made.json()['id']}/", **head).status_code == 204


@pytest.mark.parametrize(
    ("condition", "order", "held"),
    [
        ({"field": "status", "op": "in", "value": ["closed", "open"]}, "newest", ["new"]),
        ({"field": "status", "op": "in", "value": ["new", "open"]}, "newest", ["new", "old"]),
        ({"field": "type", "op": "eq", "value": "complaint"}, "oldest", ["old", "new"]),
        (
            {
                "all": [
                    {"field": "status", "op": "in", "value": ["closed", "open"]},
                    {"field": "created_at", "op": "within_days", "value": 365},
                ]
            },
            "oldest",
            ["old", "new"],
        ),
    ],
)
def test_views_with_finished_tickets_reach_back_ninety_days(
    agent: User, make_ticket: Make, condition: dict[str, Any], order: str, held: list[str]
) -> None:
    made = {"old": make_ticket("旧", type="complaint"), "new": make_ticket("新", type="complaint")}
    Ticket.objects.filter(pk=made["old"].pk).update(created_at=clock.now() - timedelta(days=91))
    view = SavedView(owner=agent, name="视图", condition=condition, order=order)
    rows = tickets_of(view, agent).order_by(*ORDERINGS[order])
    names = {ticket.pk: name for name, ticket in made.items()}
    assert [names[row.pk] for row in rows] == held
