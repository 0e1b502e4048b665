"""The admin site: people and teams through the services, in Chinese."""

import pytest
from django.test import Client

from core.events import Event
from crm.staff.models import ApiToken, Team, User
from crm.staff.services import issue_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def person_form(**changes: object) -> dict[str, object]:
    return {
        "username": "wu",
        "display_name": "吴磊",
        "email": "",
        "role": "agent",
        "concurrency_limit": 8,
        "team_list": [],
        "primary_team": "",
        "new_password": "",
        **changes,
    }


@pytest.mark.parametrize("page", ["staff/user", "staff/team", "staff/apitoken"])
def test_lists_open(desk: Client, agent: User, page: str) -> None:
    issue_token(user=agent, actor=None)
    assert desk.get(f"/admin/{page}/").status_code == 200


def test_a_person_is_made_and_changed(desk: Client, team: Team, other_team: Team) -> None:
    data = person_form(team_list=[team.pk, other_team.pk], primary_team=other_team.pk, new_password="a-Good-one-4711")
    assert desk.post("/admin/staff/user/add/", data).status_code == 302
    person = User.objects.get(username="wu")
    assert person.check_password("a-Good-one-4711")
    assert person.memberships.get(is_primary=True).team == other_team
    change = person_form(role="lead", team_list=[team.pk], primary_team=team.pk, is_active="on")
    assert desk.post(f"/admin/staff/user/{person.pk}/change/", change).status_code == 302
    person.refresh_from_db()
    assert person.role == "lead"
    assert person.session_epoch == 1
    assert Event.objects.filter(kind="staff.changed", subject_id=person.pk).exists()


def test_a_weak_password_is_told_beside_the_field(desk: Client) -> None:
    page = desk.post("/admin/staff/user/add/", person_form(new_password="123")).content.decode()
    assert "10 个字符" in page
    assert not User.objects.filter(username="wu").exists()


def test_what_a_service_refuses_is_told_and_what_was_typed_stays(desk: Client, admin: User) -> None:
    data = person_form(role="admin", display_name="新来的管理员")
    answer = desk.post(f"/admin/staff/user/{admin.pk}/change/", data)
    page = answer.content.decode()
    assert (answer.status_code, "不能停用自己" in page, "新来的管理员" in page) == (200, True, True)
    admin.refresh_from_db()
    assert (admin.is_active, admin.display_name == "新来的管理员") == (True, False)
    assert desk.post(f"/admin/staff/user/{admin.pk}/change/", data | {"is_active": "on"}).status_code == 302


def test_a_team_cannot_be_moved_below_itself(desk: Client, head_team: Team, team: Team) -> None:
    page = desk.post(f"/admin/staff/team/{head_team.pk}/change/", {"name": head_team.name, "parent": team.pk})
    assert "不能是自己或自己的下级" in page.content.decode()


def test_a_supervisor_sees_only_the_own_branch(supervisor: User, agent: User, other_agent: User) -> None:
    client = Client()
    client.force_login(supervisor)
    page = client.get("/admin/staff/user/").content.decode()
    assert agent.display_name in page
    assert other_agent.display_name not in page
    assert client.get(f"/admin/staff/user/{other_agent.pk}/change/").status_code == 302


def test_keys_are_revoked_and_never_shown(desk: Client, agent: User) -> None:
    token, key = issue_token(user=agent, actor=None)
    page = desk.get("/admin/staff/apitoken/").content.decode()
    assert key not in page
    assert token.digest not in page
    desk.post("/admin/staff/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert ApiToken.objects.get(pk=token.pk).revoked_at is not None


def test_nobody_is_deleted(desk: Client, agent: User) -> None:
    assert desk.post(f"/admin/staff/user/{agent.pk}/delete/", {"post": "yes"}).status_code == 403


def test_pages_of_secrets_are_not_there(desk: Client) -> None:
    assert desk.get("/admin/mfa/authenticator/").status_code == 404
    assert desk.get("/admin/account/emailaddress/").status_code == 404
    assert desk.get("/admin/auth/group/").status_code == 404
