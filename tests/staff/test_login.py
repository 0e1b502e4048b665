"""Signing in: lock-out, one message for every mistake, session limits, second factor."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from core.errors import InvalidInput
from crm.staff.models import User
from crm.staff.services import change_staff, set_password
from tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J25")]

LOGIN = "/accounts/login/"
T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOCKED = "登录已锁定"


@pytest.fixture(autouse=True)
def _no_counts_from_before() -> None:
    cache.clear()


def attempt(username: str, password: str = "", ip: str = "10.0.0.1", client: Client | None = None):
    return (client or Client()).post(LOGIN, {"login": username, "password": password or "wrong"}, REMOTE_ADDR=ip)


def signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def test_the_right_password_opens_the_door(agent: User) -> None:
    client = Client()
    assert attempt("agent", PASSWORD, client=client).status_code == 302
    assert signed_in(client)


def test_names_are_one_in_any_case(agent: User) -> None:
    client = Client()
    attempt("AGENT", PASSWORD, client=client)
    assert signed_in(client)


def test_unknown_person_and_wrong_password_read_the_same(agent: User) -> None:
    def words(page: str) -> str:
        return re.sub(r'csrf[^"]*" value="[^"]*"|data-(csrf|now)="[^"]*"|value="[^"]*"', "", page)

    known = attempt("agent", ip="10.0.0.2").content.decode()
    unknown = attempt("nobody", ip="10.0.0.3").content.decode()
    assert "用户名或密码不正确。" in known
    assert words(known) == words(unknown)


def test_a_deactivated_person_reads_the_same(agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert "用户名或密码不正确。" in attempt("agent", PASSWORD).content.decode()


def test_four_wrong_are_forgiven_and_the_fifth_locks(agent: User) -> None:
    for n in range(4):
        assert LOCKED not in attempt("agent", ip=f"10.0.1.{n}").content.decode()
    client = Client()
    assert attempt("agent", PASSWORD, ip="10.0.1.9", client=client).status_code == 302
    for n in range(4):
        attempt("agent", ip=f"10.0.2.{n}")
    fifth = attempt("agent", ip="10.0.2.4")
    assert fifth.status_code == 429
    assert LOCKED in fifth.content.decode()
    assert attempt("agent", PASSWORD, ip="10.0.2.5").status_code == 429


@pytest.mark.parametrize(
    ("after", "opens"), [(timedelta(minutes=14, seconds=59), False), (timedelta(minutes=15), True)]
)
def test_the_lock_lasts_fifteen_minutes(agent: User, after: timedelta, opens: bool) -> None:
    with time_machine.travel(T0, tick=False) as traveller:
        for _n in range(5):
            attempt("agent")
        traveller.move_to(T0 + timedelta(minutes=10))
        assert attempt("agent", PASSWORD).status_code == 429, "trying meanwhile does not help"
        traveller.move_to(T0 + after)
        client = Client()
        attempt("agent", PASSWORD, client=client)
        assert signed_in(client) is opens


def test_the_lock_survives_a_flushed_cache(agent: User) -> None:
    for _n in range(5):
        attempt("agent")
    cache.clear()
    assert attempt("agent", PASSWORD).status_code == 429


def test_an_address_is_locked_after_five_different_names(agent: User) -> None:
    for n in range(5):
        attempt(f"guess{n}", ip="10.9.9.9")
    assert attempt("agent", PASSWORD, ip="10.9.9.9").status_code == 429
    assert attempt("agent", PASSWORD, ip="10.9.9.8").status_code == 302


def test_a_forged_forwarding_header_is_no_other_address(agent: User) -> None:
    for n in range(5):
        Client().post(
            LOGIN, {"login": f"g{n}", "password": "x"}, REMOTE_ADDR="10.7.7.7", HTTP_X_FORWARDED_FOR=f"1.1.1.{n}"
        )
    again = Client().post(
        LOGIN, {"login": "agent", "password": PASSWORD}, REMOTE_ADDR="10.7.7.7", HTTP_X_FORWARDED_FOR="2.2.2.2"
    )
    assert again.status_code == 429


def test_another_spelling_shares_the_count(agent: User) -> None:
    for n, name in enumerate(["agent", "AGENT", "Agent", "ａｇｅｎｔ", "aGENT"]):
        attempt(name, ip=f"10.3.3.{n}")
    assert attempt("agent", PASSWORD, ip="10.3.3.99").status_code == 429


def test_ones_own_login_does_not_clear_guesses_at_others(agent: User, agent2: User) -> None:
    """Somebody with an account must not go on guessing at a colleague's by signing in between."""
    for _n in range(4):
        attempt("agent", ip="10.4.4.4")
    assert attempt("agent2", PASSWORD, ip="10.4.4.4").status_code == 302
    attempt("agent", ip="10.4.4.5")
    assert attempt("agent", PASSWORD, ip="10.4.4.6").status_code == 429


@pytest.mark.parametrize(("idle", "lives"), [(timedelta(minutes=29, seconds=59), True), (timedelta(minutes=30), False)])
def test_an_idle_session_ends_after_thirty_minutes(agent: User, idle: timedelta, lives: bool) -> None:
    with time_machine.travel(T0, tick=False) as traveller:
        client = Client()
        attempt("agent", PASSWORD, client=client)
        traveller.move_to(T0 + idle)
        assert signed_in(client) is lives
        if not lives:
            assert "登录已超时" in client.get(LOGIN).content.decode()


@pytest.mark.parametrize(
    ("age", "lives"), [(timedelta(hours=12) - timedelta(seconds=1), True), (timedelta(hours=12), False)]
)
def test_a_session_in_use_ends_after_twelve_hours(agent: User, age: timedelta, lives: bool) -> None:
    with time_machine.travel(T0, tick=False) as traveller:
        client = Client()
        attempt("agent", PASSWORD, client=client)
        moment = T0
        while moment + timedelta(minutes=20) < T0 + age:
            moment += timedelta(minutes=20)
            traveller.move_to(moment)
            assert signed_in(client)
        traveller.move_to(T0 + age)
        assert signed_in(client) is lives


def test_what_a_page_does_by_itself_keeps_nobody_signed_in(agent: User) -> None:
    with time_machine.travel(T0, tick=False) as traveller:
        client = Client()
        attempt("agent", PASSWORD, client=client)
        for minutes in (10, 20, 29):
            traveller.move_to(T0 + timedelta(minutes=minutes))
            client.get("/profile/", headers={"Kean-Background": "1"})
        traveller.move_to(T0 + timedelta(minutes=30))
        assert not signed_in(client)


def test_the_session_changes_its_key_at_login(agent: User) -> None:
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key
    attempt("agent", PASSWORD, client=client)
    assert client.session.session_key != before


def test_a_new_password_ends_the_other_sessions(agent: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        attempt("agent", PASSWORD, client=client)
    new = "another-Long-password-7"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert signed_in(here)
    assert not signed_in(there)


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "lead"}])
def test_deactivation_and_another_role_end_sessions_at_once(agent: User, admin: User, change: dict) -> None:
    client = Client()
    attempt("agent", PASSWORD, client=client)
    change_staff(user=agent, actor=admin, **change)
    assert not signed_in(client)


def test_htmx_is_sent_to_the_login_as_a_whole_page(agent: User) -> None:
    answer = Client().get("/team/", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == LOGIN


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("kurz7", "10 个字符"), ("1234567890123", "数字"), ("password123", "常见"), ("myAgent-2026", "用户名")],
)
def test_weak_passwords_are_refused_in_chinese(agent: User, password: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        set_password(user=agent, password=password, actor=agent)
    assert sentence in refusal.value.message


def test_nobody_can_sign_up() -> None:
    page = Client().get("/accounts/signup/")
    assert "账号由管理员创建" in page.content.decode()
    Client().post("/accounts/signup/", {"username": "x", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(username="x").exists()


def test_a_reset_link_works_once_and_is_silent_about_who_exists(agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(email="agent@example.com")
    client = Client()
    known = client.post("/accounts/password/reset/", {"email": "agent@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]
    assert len(mail.outbox) == 1
    link = re.search(r"https?://\S+", mail.outbox[0].body).group()
    form = client.get(link, follow=True)
    new = "fresh-Password-20261"
    done = client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert done.status_code == 302
    agent.refresh_from_db()
    assert agent.check_password(new)
    assert "无效或已使用过" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize(("age", "works"), [(timedelta(minutes=29), True), (timedelta(minutes=31), False)])
def test_a_reset_link_lives_half_an_hour(agent: User, age: timedelta, works: bool) -> None:
    User.objects.filter(pk=agent.pk).update(email="agent@example.com")
    with time_machine.travel(T0, tick=False) as traveller:
        Client().post("/accounts/password/reset/", {"email": "agent@example.com"})
        link = re.search(r"https?://\S+", mail.outbox[0].body).group()
        traveller.move_to(T0 + age)
        page = Client().get(link, follow=True).content.decode()
        assert ("无效或已使用过" not in page) is works


class TestSecondFactor:
    SECRET = "JBSWY3DPEHPK3PXP"

    @pytest.fixture
    def guarded(self, agent: User) -> User:
        TOTP.activate(agent, self.SECRET)
        RecoveryCodes.activate(agent)
        return agent

    def code(self, moment: datetime) -> str:
        return format_hotp_value(hotp_value(self.SECRET, int(moment.timestamp()) // 30))

    def test_the_password_alone_is_not_enough(self, guarded: User) -> None:
        client = Client()
        answer = attempt("agent", PASSWORD, client=client)
        assert answer["Location"] == reverse("mfa_authenticate")
        assert not signed_in(client)

    def test_the_code_opens_the_door(self, guarded: User) -> None:
        with time_machine.travel(T0, tick=False):
            client = Client()
            attempt("agent", PASSWORD, client=client)
            wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
            assert "验证码不正确。" in wrong.content.decode()
            client.post("/accounts/2fa/authenticate/", {"code": self.code(T0)})
            assert signed_in(client)

    def test_guessing_codes_is_stopped(self, guarded: User) -> None:
        with time_machine.travel(T0, tick=False):
            client = Client()
            attempt("agent", PASSWORD, client=client)
            for n in range(5):
                client.post("/accounts/2fa/authenticate/", {"code": f"00000{n}"})
            client.post("/accounts/2fa/authenticate/", {"code": self.code(T0)})
            assert not signed_in(client)

    def test_a_recovery_code_works_once(self, guarded: User) -> None:
        codes = Authenticator.objects.get(user=guarded, type="recovery_codes").wrap().get_unused_codes()
        for expected in (True, False):
            client = Client()
            attempt("agent", PASSWORD, client=client)
            client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
            assert signed_in(client) is expected

    def test_the_secret_is_not_stored_in_the_clear(self, guarded: User) -> None:
        assert self.SECRET not in str(Authenticator.objects.get(user=guarded, type="totp").data)

    def test_it_is_set_up_on_a_page(self, agent: User) -> None:
        with time_machine.travel(T0, tick=False):
            client = Client()
            attempt("agent", PASSWORD, client=client)
            client.post("/accounts/reauthenticate/", {"password": PASSWORD})
            page = client.get("/accounts/2fa/totp/activate/")
            secret = page.context["form"].secret
            code = format_hotp_value(hotp_value(secret, int(T0.timestamp()) // 30))
            answer = client.post("/accounts/2fa/totp/activate/", {"code": code}, follow=True)
            assert "恢复码" in answer.content.decode()
            assert Authenticator.objects.filter(user=agent, type="totp").exists()

    def test_roles_that_must_have_it_are_led_there(self, admin: User, settings) -> None:
        settings.SECOND_FACTOR_ROLES = ["admin"]
        client = Client()
        attempt("admin", PASSWORD, client=client)
        assert client.get("/team/")["Location"] == reverse("mfa_activate_totp")


def test_the_admin_has_the_same_door(agent: User) -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(LOGIN)


def test_signing_out_means_offline(agent: User) -> None:
    client = Client()
    attempt("agent", PASSWORD, client=client)
    client.post("/accounts/logout/")
    agent.refresh_from_db()
    assert agent.availability == "offline"
    assert not signed_in(client)
