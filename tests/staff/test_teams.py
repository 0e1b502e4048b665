"""Teams, places on them, and what follows for sight."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, NotAllowed
from core.events import Event
from crm.staff.models import Membership, Team, User
from crm.staff.services import change_staff, change_team, create_staff, create_team
from tests.factories import TeamFactory, UserFactory
from tickets.models import Queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def queues(db: None) -> list[Queue]:
    return [Queue.objects.create(key=f"q{n}", name=f"队列{n}") for n in range(3)]


@pytest.mark.capability("H02")
def test_a_team_cannot_stand_below_itself(admin: User, head_team: Team, team: Team) -> None:
    grandchild = TeamFactory(name="孙", parent=team)
    for parent in (head_team, team, grandchild):
        with pytest.raises(Conflict) as refusal:
            change_team(team=head_team, parent=parent, actor=admin)
        assert refusal.value.code == "team_cycle"
    head_team.refresh_from_db()
    assert head_team.parent_id is None


@pytest.mark.capability("H02")
def test_the_form_refuses_a_circle_too(head_team: Team, team: Team) -> None:
    head_team.parent = team
    with pytest.raises(ValidationError):
        head_team.full_clean()


@pytest.mark.capability("H02")
def test_the_database_refuses_a_team_as_its_own_parent(team: Team) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=team.pk).update(parent=team.pk)


def test_a_team_moves_to_another_place(admin: User, team: Team, other_team: Team) -> None:
    change_team(team=team, parent=other_team, actor=admin)
    team.refresh_from_db()
    assert team.parent_id == other_team.pk
    assert Event.objects.filter(kind="team.changed", subject_id=team.pk, actor=admin).exists()


@pytest.mark.capability("H02")
def test_a_person_has_one_primary_team(agent: User, other_team: Team) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=agent, team=other_team, is_primary=True)


@pytest.mark.capability("H02")
def test_the_first_team_is_primary_unless_another_is_named(admin: User, team: Team, other_team: Team) -> None:
    person = create_staff(username="wu", role="agent", teams=[team, other_team], actor=admin)
    assert person.memberships.get(is_primary=True).team == team
    change_staff(user=person, teams=[team, other_team], primary_team=other_team, actor=admin)
    assert person.memberships.get(is_primary=True).team == other_team
    assert person.memberships.count() == 2


@pytest.mark.capability("J20")
def test_queues_in_sight_follow_teams_and_cost_one_query(
    agent: User, supervisor: User, other_agent: User, admin: User, auditor: User, team: Team, queues: list[Queue]
) -> None:
    change_team(team=team, queues=queues[:2], actor=None)
    expected = {q.pk for q in queues[:2]}
    with CaptureQueriesContext(connection) as statements:
        assert agent.queue_ids == expected
        assert agent.queue_ids == expected
    assert len(statements) == 1
    assert supervisor.queue_ids == expected
    assert other_agent.queue_ids == set()
    everything = set(Queue.objects.values_list("pk", flat=True))
    assert admin.queue_ids == auditor.queue_ids == everything


def test_an_agent_does_not_see_queues_of_teams_below(team: Team, queues: list[Queue]) -> None:
    below = create_team(name="下级组", parent=team, queues=queues, actor=None)
    member = UserFactory(team=team)
    assert member.queue_ids == set()
    assert UserFactory(team=below).queue_ids == {q.pk for q in queues}


def test_audience_keys_name_person_and_queues(agent: User, admin: User, team: Team, queues: list[Queue]) -> None:
    change_team(team=team, queues=queues[:1], actor=None)
    assert agent.audience_keys() == {"all", f"user:{agent.pk}", f"queue:{queues[0].pk}"}
    assert "*" in admin.audience_keys()


def test_dispatch_goes_to_people_online_in_a_serving_team(
    agent: User, agent2: User, other_agent: User, lead: User, team: Team, queues: list[Queue]
) -> None:
    change_team(team=team, queues=queues[:1], actor=None)
    User.objects.filter(pk=agent2.pk).update(availability="busy")
    User.objects.filter(pk=lead.pk).update(is_active=False)
    assert list(User.objects.dispatch_candidates(queues[0].pk)) == [agent]
    assert list(User.objects.dispatch_candidates(queues[1].pk)) == []


@pytest.mark.capability("H03")
def test_a_team_with_queues_and_nobody_online_is_flagged(
    client, supervisor: User, agent: User, team: Team, queues: list[Queue]
) -> None:
    change_team(team=team, queues=queues, actor=None)
    client.force_login(supervisor)
    assert "当前无人在线" not in client.get("/team/").content.decode()
    User.objects.filter(pk=agent.pk).update(availability="offline")
    assert "当前无人在线" in client.get("/team/").content.decode()


@pytest.mark.capability("J20")
def test_colleagues_are_seen_by_team_and_branch(
    agent: User, agent2: User, other_agent: User, supervisor: User, auditor: User
) -> None:
    def seen(user: User) -> set[str]:
        return set(User.objects.visible_to(user).values_list("username", flat=True))

    assert seen(agent) == {"agent", "agent2"}
    assert seen(supervisor) == {"agent", "agent2", "supervisor"}
    assert seen(other_agent) == {"other_agent"}
    assert seen(auditor) >= {"agent", "agent2", "other_agent", "supervisor", "auditor"}


@pytest.mark.capability("H02")
def test_a_supervisor_manages_the_own_branch_only(
    supervisor: User, agent: User, other_agent: User, admin: User, team: Team, other_team: Team
) -> None:
    change_staff(user=agent, concurrency_limit=3, actor=supervisor)
    agent.refresh_from_db()
    assert agent.concurrency_limit == 3
    refused = [
        {"user": other_agent, "concurrency_limit": 1},
        {"user": admin, "concurrency_limit": 1},
        {"user": agent, "role": "admin"},
        {"user": agent, "teams": [other_team]},
        {"user": supervisor, "role": "admin"},
    ]
    for change in refused:
        with pytest.raises(NotAllowed):
            change_staff(actor=supervisor, **change)
    with pytest.raises(NotAllowed):
        create_team(name="新组", actor=supervisor)
    assert create_team(name="新组", parent=team, actor=supervisor).parent == team


def test_agents_manage_nobody(agent: User, agent2: User, team: Team) -> None:
    with pytest.raises(NotAllowed):
        change_staff(user=agent2, is_active=False, actor=agent)
    with pytest.raises(NotAllowed):
        create_staff(username="x", role="agent", teams=[team], actor=agent)


def test_nobody_deactivates_themselves(admin: User) -> None:
    with pytest.raises(NotAllowed):
        change_staff(user=admin, is_active=False, actor=admin)


def test_the_team_page_needs_a_login_and_takes_few_queries(
    client, supervisor: User, agent: User, agent2: User, django_assert_max_num_queries
) -> None:
    assert client.get("/team/").status_code == 302
    client.force_login(supervisor)
    client.get("/team/")
    with django_assert_max_num_queries(8):
        page = client.get("/team/").content.decode()
    assert agent.name in page
