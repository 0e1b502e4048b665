"""Staff, teams and keys over HTTP."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.staff.models import ApiToken, Team, User
from crm.staff.services import change_staff, issue_token, revoke_token
from tickets.models import Queue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def api(user: User) -> Client:
    _token, key = issue_token(user=user, actor=None)
    return Client(headers={"Authorization": f"Token {key}"})


def patch(client: Client, url: str, data: dict):
    return client.patch(url, data, content_type="application/json")


def post(client: Client, url: str, data: dict):
    return client.post(url, data, content_type="application/json")


class TestTokens:
    def test_without_credentials_it_is_401(self) -> None:
        answer = Client().get("/api/v1/staff/")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Token"

    def test_a_wrong_token_is_401(self, agent: User) -> None:
        for header in ("Token nonsense", "Token ", "Token é", "Token a b"):
            answer = Client(headers={"Authorization": header}).get("/api/v1/staff/")
            assert answer.status_code == 401, header

    def test_only_the_digest_is_stored(self, agent: User) -> None:
        token, key = issue_token(user=agent, name="ERP", actor=agent)
        assert key not in str(ApiToken.objects.filter(pk=token.pk).values().get())
        assert key.startswith(token.prefix)

    def test_a_known_token_costs_no_statement(self, agent: User, rf) -> None:
        from rest_framework.request import Request

        from crm.staff.api.authentication import ApiTokenAuthentication

        _token, key = issue_token(user=agent, actor=None)
        request = Request(rf.get("/", headers={"Authorization": f"Token {key}"}))
        ApiTokenAuthentication().authenticate(request)
        with CaptureQueriesContext(connection) as statements:
            user, _token = ApiTokenAuthentication().authenticate(request)
        assert user == agent
        assert len(statements) == 0

    def test_revocation_counts_at_once(self, agent: User, django_capture_on_commit_callbacks) -> None:
        token, key = issue_token(user=agent, actor=agent)
        client = Client(headers={"Authorization": f"Token {key}"})
        assert client.get("/api/v1/staff/").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            revoke_token(token=token, actor=agent)
        assert client.get("/api/v1/staff/").status_code == 401

    def test_an_answer_read_before_the_revocation_cannot_come_back(
        self, agent: User, django_capture_on_commit_callbacks
    ) -> None:
        """A slow request that read the row before the commit must not fill the cache after it."""
        from crm.staff import token_cache

        token, key = issue_token(user=agent, actor=agent)
        stale = ApiToken.objects.select_related("user").get(pk=token.pk)
        with django_capture_on_commit_callbacks(execute=True):
            revoke_token(token=token, actor=agent)
        cache.add(f"staff:token:{token.digest}", stale, 30)
        assert token_cache.find(key) is None

    @pytest.mark.parametrize("change", [{"is_active": False}])
    def test_deactivation_counts_at_once(
        self, agent: User, admin: User, change: dict, django_capture_on_commit_callbacks
    ) -> None:
        client = api(agent)
        assert client.get("/api/v1/staff/").status_code == 200
        with django_capture_on_commit_callbacks(execute=True):
            change_staff(user=agent, actor=admin, **change)
        assert client.get("/api/v1/staff/").status_code == 401

    def test_a_changed_role_counts_at_once(self, lead: User, admin: User, django_capture_on_commit_callbacks) -> None:
        client = api(lead)
        client.get("/api/v1/staff/")
        with django_capture_on_commit_callbacks(execute=True):
            change_staff(user=lead, role="agent", actor=admin)
        me = client.get("/api/v1/staff/me/").json()
        assert me["role"] == "agent"

    def test_an_expired_token_is_401_from_its_moment_on(self, agent: User, time_machine) -> None:
        now = timezone.now()
        _token, key = issue_token(user=agent, actor=agent, expires_at=now + timedelta(hours=1))
        client = Client(headers={"Authorization": f"Token {key}"})
        time_machine.move_to(now + timedelta(minutes=59, seconds=59), tick=False)
        assert client.get("/api/v1/staff/").status_code == 200
        time_machine.move_to(now + timedelta(hours=1), tick=False)
        assert client.get("/api/v1/staff/").status_code == 401

    def test_tokens_are_made_listed_and_revoked_over_http(self, agent: User, agent2: User) -> None:
        client = api(agent)
        made = post(client, "/api/v1/tokens/", {"name": "ERP"})
        assert made.status_code == 201
        assert made.json()["token"].startswith("kean_")
        assert made["Cache-Control"] == "no-store"
        listed = client.get("/api/v1/tokens/").json()["results"]
        assert "token" not in listed[0]
        assert {row["user"] for row in listed} == {agent.pk}
        assert post(api(agent2), f"/api/v1/tokens/{made.json()['id']}/revoke/", {}).status_code == 404
        assert post(client, f"/api/v1/tokens/{made.json()['id']}/revoke/", {}).json()["revoked_at"]

    def test_tokens_are_made_and_revoked_on_the_own_page(self, client: Client, agent: User) -> None:
        client.force_login(agent)
        page = client.post("/profile/tokens/", {"name": "ERP"}).content.decode()
        assert "kean_" in page
        token = ApiToken.objects.get(user=agent)
        assert "kean_" + "x" not in client.get("/profile/").content.decode()
        client.post(f"/profile/tokens/{token.pk}/revoke/")
        token.refresh_from_db()
        assert token.revoked_at is not None


@pytest.mark.capability("J20")
class TestStaff:
    def test_an_agent_sees_the_own_team_and_nobody_else(self, agent: User, agent2: User, other_agent: User) -> None:
        client = api(agent)
        names = {row["username"] for row in client.get("/api/v1/staff/").json()["results"]}
        assert names == {"agent", "agent2"}
        assert client.get(f"/api/v1/staff/{agent2.pk}/").status_code == 200
        assert client.get(f"/api/v1/staff/{other_agent.pk}/").status_code == 404
        assert patch(client, f"/api/v1/staff/{other_agent.pk}/", {"availability": "offline"}).status_code == 404

    @pytest.mark.parametrize(("role", "status"), [("agent", 403), ("lead", 403), ("auditor", 403), ("admin", 201)])
    def test_who_may_make_people(self, request, role: str, status: int, team: Team) -> None:
        client = api(request.getfixturevalue(role))
        answer = post(client, "/api/v1/staff/", {"username": "wu", "role": "agent", "teams": [team.name]})
        assert answer.status_code == status
        assert User.objects.filter(username="wu").exists() is (status == 201)

    def test_a_supervisor_makes_agents_in_the_own_branch(self, supervisor: User, team: Team, other_team: Team) -> None:
        client = api(supervisor)
        made = post(client, "/api/v1/staff/", {"username": "wu", "teams": [team.pk], "password": "long-Enough-77"})
        assert made.status_code == 201, made.json()
        assert made.json()["primary_team"] == {"id": team.pk, "name": team.name}
        assert "password" not in made.json()
        assert post(client, "/api/v1/staff/", {"username": "li", "teams": [other_team.pk]}).status_code == 403
        assert (
            post(client, "/api/v1/staff/", {"username": "li", "teams": [team.pk], "role": "admin"}).status_code == 403
        )

    def test_mistakes_are_named(self, admin: User, agent: User) -> None:
        client = api(admin)
        taken = post(client, "/api/v1/staff/", {"username": "AGENT"})
        assert taken.status_code == 400
        assert "username" in taken.json()["fields"]
        weak = post(client, "/api/v1/staff/", {"username": "wu", "password": "123"})
        assert "password" in weak.json()["fields"]
        unknown = post(client, "/api/v1/staff/", {"username": "wu", "is_superuser": True})
        assert "is_superuser" in unknown.json()["fields"]
        strange = post(client, "/api/v1/staff/", {"username": "wu", "teams": ["没有的组"]})
        assert strange.json()["fields"] == {"teams.0": ["“没有的组”不存在。"]}

    def test_people_set_their_own_state_only(self, agent: User, agent2: User, auditor: User) -> None:
        client = api(agent)
        assert patch(client, "/api/v1/staff/me/", {"availability": "break"}).json()["availability"] == "break"
        assert patch(client, f"/api/v1/staff/{agent2.pk}/", {"availability": "break"}).status_code == 403
        assert patch(client, "/api/v1/staff/me/", {"role": "admin"}).status_code == 403
        assert patch(client, "/api/v1/staff/me/", {"availability": "asleep"}).status_code == 400
        assert patch(api(auditor), "/api/v1/staff/me/", {"availability": "online"}).status_code == 403

    def test_the_list_takes_few_statements_however_many_people(
        self, admin: User, agent: User, agent2: User, lead: User, supervisor: User, django_assert_max_num_queries
    ) -> None:
        client = api(admin)
        client.get("/api/v1/staff/")
        with django_assert_max_num_queries(4):
            client.get("/api/v1/staff/")

    def test_filters_are_strict(self, admin: User, agent: User) -> None:
        client = api(admin)
        rows = client.get("/api/v1/staff/?role=agent").json()["results"]
        assert [row["username"] for row in rows] == ["agent"]
        assert client.get("/api/v1/staff/?role=king").status_code == 400
        assert client.get("/api/v1/staff/?colour=red").status_code == 400


@pytest.mark.capability("H02")
class TestTeams:
    def test_teams_are_made_and_changed(self, admin: User, team: Team) -> None:
        client = api(admin)
        queue = Queue.objects.create(key="vip", name="贵宾")
        made = post(client, "/api/v1/teams/", {"name": "投诉组", "parent": team.name, "queues": ["vip"]})
        assert made.status_code == 201, made.json()
        assert made.json()["parent"] == team.pk
        assert made.json()["queues"] == [{"id": queue.pk, "name": "贵宾", "key": "vip"}]
        changed = patch(client, f"/api/v1/teams/{made.json()['id']}/", {"queues": [], "parent": None})
        assert changed.json()["queues"] == []
        assert changed.json()["parent"] is None

    def test_a_circle_is_409(self, admin: User, head_team: Team, team: Team) -> None:
        answer = patch(api(admin), f"/api/v1/teams/{head_team.pk}/", {"parent": team.pk})
        assert answer.status_code == 409
        assert answer.json()["code"] == "team_cycle"

    def test_agents_only_look(self, agent: User, team: Team, other_team: Team) -> None:
        client = api(agent)
        assert [row["id"] for row in client.get("/api/v1/teams/").json()["results"]] == [team.pk]
        assert client.get(f"/api/v1/teams/{other_team.pk}/").status_code == 404
        assert patch(client, f"/api/v1/teams/{team.pk}/", {"name": "x"}).status_code == 403
        assert post(client, "/api/v1/teams/", {"name": "x"}).status_code == 403


class TestCommands:
    def test_create_api_token_prints_the_token_alone(self, agent: User) -> None:
        out = StringIO()
        call_command("create_api_token", "agent", stdout=out)
        key = out.getvalue().strip()
        assert out.getvalue().count("\n") == 1
        assert Client(headers={"Authorization": f"Token {key}"}).get("/api/v1/staff/me/").json()["username"] == "agent"

    def test_create_api_token_refuses_strangers(self, db: None) -> None:
        with pytest.raises(CommandError, match="nobody"):
            call_command("create_api_token", "nobody")

    def test_create_staff_makes_person_and_team(self, db: None, monkeypatch) -> None:
        monkeypatch.setattr("sys.stdin", StringIO("a-Long-password-9\n"))
        call_command("create_staff", "wu", role="lead", team="新团队", stdout=StringIO())
        person = User.objects.get(username="wu")
        assert person.role == "lead"
        assert person.memberships.get(is_primary=True).team.name == "新团队"
        assert person.check_password("a-Long-password-9")

    def test_create_staff_prints_a_random_password_when_none_is_given(self, db: None, monkeypatch) -> None:
        monkeypatch.setattr("sys.stdin", StringIO(""))
        out = StringIO()
        call_command("create_staff", "wu", stdout=out)
        password = out.getvalue().split("密码：")[1].strip()
        assert User.objects.get(username="wu").check_password(password)

    def test_create_staff_says_what_is_wrong(self, agent: User, monkeypatch) -> None:
        monkeypatch.setattr("sys.stdin", StringIO("a-Long-password-9\n"))
        with pytest.raises(CommandError, match="已被使用"):
            call_command("create_staff", "agent")
