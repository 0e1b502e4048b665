"""The frame and the pages of one's own."""

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from core.events import Event
from crm.navigation import entries, rail
from crm.staff.models import User
from crm.staff.services import change_availability, mark_absent
from crm.templatetags.kean import span

pytestmark = pytest.mark.django_db


def render(source: str, **context: object) -> str:
    return Template("{% load kean %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (0, "0秒"), (59, "59秒"), (60, "1分0秒"), (599, "9分59秒"), (600, "10分"), (3599, "59分"),
     (3600, "1时0分"), (4800, "1时20分"), (172799, "47时59分"), (172800, "2天0时"), (183600, "2天3时")],
)  # fmt: skip
def test_spans_read_in_hours_and_minutes(seconds: float | None, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("left", "state", "word"),
    [(4800, "ok", "剩 1时20分"), (901, "ok", "剩 15分"), (900, "soon", "仅剩 15分"), (1, "soon", "仅剩 1秒"),
     (0, "late", "超时 0秒"), (-300, "late", "超时 5分0秒")],
)  # fmt: skip
def test_a_clock_has_three_states_by_word(left: int, state: str, word: str, time_machine) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    chip = render("{% clock due '首响' %}", due=now + timedelta(seconds=left))
    assert f'data-state="{state}"' in chip
    assert word in chip


def test_a_clock_that_stands_does_not_tick() -> None:
    now = timezone.now()
    assert "data-due" not in render("{% clock due paused=True %}", due=now)
    assert "已达成" in render("{% clock due met_at=met %}", due=now, met=now)
    assert "曾超时" in render("{% clock due met_at=met %}", due=now, met=now + timedelta(seconds=1))


def test_relative_times_keep_the_full_time_on_hover(time_machine) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    html = render("{% relative_time at %}", at=now - timedelta(minutes=3))
    assert ">3 分钟前<" in html
    assert f'title="{timezone.localtime(now - timedelta(minutes=3)):%Y-%m-%d %H:%M:%S}"' in html
    assert render("{% relative_time at %}", at=None) == "—"


def test_masked_values() -> None:
    assert render("{{ v|masked:'phone' }}", v="13800138000") == "138****8000"
    assert render("{{ v|masked:'phone' }}", v=None) == ""


def test_with_query_changes_one_parameter() -> None:
    request = RequestFactory().get("/x/?a=1&b=2&cursor=9")
    assert render("{% with_query b=3 cursor=None %}", request=request) == "?a=1&amp;b=3"


@pytest.mark.capability("J20")
def test_the_rail_shows_what_the_role_may_open(agent: User, admin: User) -> None:
    def keys(user: User) -> set[str]:
        return {entry.place.key for entry in entries(user, "/team/")}

    assert "settings" in keys(admin)
    assert "settings" not in keys(agent)
    assert "team" in keys(agent)
    assert next(entry for entry in entries(agent, "/team/") if entry.place.key == "team").is_current
    places = entries(admin, "/quality/")
    shown = rail(places)
    held = [entry for group in [*shown.groups, *(rest for _head, rest in shown.rest)] for entry in group]
    assert shown.is_beyond
    assert len(held) == len(places)
    assert len({entry.place.shortcut for entry in places}) == len(places)


@pytest.mark.parametrize("url", ["/team/", "/profile/", "/accounts/password/change/"])
@pytest.mark.parametrize("role", ["agent", "lead", "supervisor", "admin", "auditor"])
def test_pages_open_for_every_role_without_inline_code(client: Client, request, url: str, role: str) -> None:
    client.force_login(request.getfixturevalue(role))
    answer = client.get(url)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert " style=" not in page
    assert " onclick=" not in page
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_state_is_set_from_the_bar(client: Client, agent: User) -> None:
    client.force_login(agent)
    fragment = client.post("/team/availability/", {"availability": "busy"}, headers={"HX-Request": "true"})
    assert 'data-state="busy"' in fragment.content.decode()
    agent.refresh_from_db()
    assert agent.availability == "busy"
    event = Event.objects.get(kind="staff.availability_changed", subject_id=agent.pk)
    assert event.payload == {"from": "online", "to": "busy"}


def test_the_same_state_again_writes_nothing(agent: User) -> None:
    change_availability(user=agent, availability="online", actor=agent)
    assert not Event.objects.filter(kind="staff.availability_changed").exists()


@pytest.mark.parametrize(("minutes", "state"), [(34, "online"), (36, "offline")])
def test_who_is_gone_goes_offline(agent: User, minutes: int, state: str) -> None:
    User.objects.filter(pk=agent.pk).update(last_seen_at=timezone.now() - timedelta(minutes=minutes))
    mark_absent()
    agent.refresh_from_db()
    assert agent.availability == state


def test_language_and_look_stay_with_the_person(client: Client, agent: User) -> None:
    client.force_login(agent)
    assert client.post("/profile/preferences/", {"theme": "dark"}).status_code == 204
    answer = client.post("/profile/preferences/", {"language": "en", "next": "/team/"})
    assert answer["Location"] == "/team/"
    agent.refresh_from_db()
    assert (agent.theme, agent.language) == ("dark", "en")
    assert 'data-bs-theme="dark"' in client.get("/team/").content.decode()
    assert client.post("/profile/preferences/", {"theme": "pink"}).status_code == 400


def test_nobody_is_sent_to_a_strange_place(client: Client, agent: User) -> None:
    client.force_login(agent)
    answer = client.post("/profile/preferences/", {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_missing_page_speaks_chinese(client: Client) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "找不到这个页面" in answer.content.decode()


@pytest.mark.parametrize("role", ["agent", "lead", "supervisor", "admin", "auditor"])
def test_home_is_the_first_place_one_may_open(client: Client, request, role: str) -> None:
    client.force_login(request.getfixturevalue(role))
    assert client.get("/", follow=True).status_code == 200


def test_what_a_service_refuses_is_a_sentence(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    page = client.post("/team/availability/", {"availability": "online"})
    assert page.status_code == 403
    assert "只能切换自己的在线状态" in page.content.decode()
    fragment = client.post("/team/availability/", {"availability": "online"}, headers={"HX-Request": "true"})
    assert fragment.json()["code"] == "permission_denied"
