"""Rate limits: exact, shared, and decided about when Redis is away."""

import secrets
from typing import Any

import pytest
import redis
from django.test import RequestFactory
from rest_framework.test import APIClient

from core import rate_limits
from core.rate_limits import Limit, LimiterUnavailable, client_ip, hit
from crm.staff.models import User
from tests.core.samples import sample_tables  # noqa: F401

FORWARDED = "HTTP_X_FORWARDED_FOR"


@pytest.fixture
def identity() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)

    monkeypatch.setattr(rate_limits, "client", away)
    monkeypatch.setattr(rate_limits, "_local", rate_limits._LocalWindows())


@pytest.fixture
def own_address() -> str:
    """An address nobody else uses, so that runs do not count for each other."""
    return f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"


def test_limit_counts_exactly_and_says_how_long_to_wait(identity: str) -> None:
    limit = Limit("test", calls=3, seconds=60, closes=True)
    assert [hit(limit, identity) for _call in range(3)] == [0, 0, 0]
    assert 0 < hit(limit, identity) <= 60
    assert hit(limit, identity + "x") == 0


def test_window_slides(identity: str) -> None:
    limit = Limit("test", calls=1, seconds=1, closes=True)
    assert hit(limit, identity) == 0
    assert hit(limit, identity) == 1
    key = rate_limits._key(limit, identity)
    for call in rate_limits.client().zrange(key, 0, -1):
        rate_limits.client().zincrby(key, -1000, call)  # as if it had been a second ago
    assert hit(limit, identity) == 0


@pytest.mark.usefixtures("redis_is_away")
def test_without_redis_a_closing_limit_closes_and_the_other_counts_in_process(identity: str) -> None:
    with pytest.raises(LimiterUnavailable):
        hit(Limit("login", calls=5, seconds=60, closes=True), identity)
    limit = Limit("api", calls=2, seconds=60, closes=False)
    assert [hit(limit, identity) > 0 for _call in range(3)] == [False, False, True]


def test_local_window_slides(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(rate_limits.time, "monotonic", lambda: moment)
    windows = rate_limits._LocalWindows()
    limit = Limit("api", calls=1, seconds=10, closes=False)
    assert windows.hit(limit, "k") == 0
    moment = 109.5
    assert windows.hit(limit, "k") == 1
    moment = 110.0
    assert windows.hit(limit, "k") == 0


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        ([], "9.9.9.9", "1.2.3.4", "9.9.9.9"),
        (["10.0.0.0/8"], "9.9.9.9", "1.2.3.4", "9.9.9.9"),
        (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "garbage", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_forwarded_address_counts_only_from_trusted_proxies(
    settings: Any, proxies: list[str], remote: str, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **({FORWARDED: forwarded} if forwarded else {}))
    assert client_ip(request) == expected


@pytest.mark.urls("tests.core.api_urls")
def test_public_form_takes_ten_a_minute_and_forwarded_headers_do_not_help(own_address: str) -> None:
    client = APIClient()
    statuses = [
        client.post("/public/", {}, format="json", REMOTE_ADDR=own_address, **{FORWARDED: f"1.2.3.{call}"}).status_code
        for call in range(12)
    ]
    assert statuses == [200] * 10 + [429] * 2
    refused = client.post("/public/", {}, format="json", REMOTE_ADDR=own_address)
    assert (refused.json()["code"], refused.json()["fields"]) == ("throttled", {})
    assert 0 < int(refused["Retry-After"]) <= 60


@pytest.mark.urls("tests.core.api_urls")
@pytest.mark.usefixtures("redis_is_away")
def test_sign_in_and_public_forms_are_shut_without_redis() -> None:
    for path in ("/public/", "/signin/"):
        response = APIClient().post(path, {}, format="json")
        assert (response.status_code, response.json()["code"]) == (503, "limiter_unavailable")


@pytest.mark.django_db
@pytest.mark.urls("tests.core.api_urls")
def test_api_limit_is_per_token(agent: User, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    one, other = APIClient(), APIClient()
    one.force_authenticate(agent, token=secrets.token_hex(8))
    other.force_authenticate(agent, token=secrets.token_hex(8))
    assert [one.get("/plain/").status_code for _call in range(4)] == [200, 200, 200, 429]
    assert other.get("/plain/").status_code == 200


@pytest.mark.django_db
@pytest.mark.urls("tests.core.api_urls")
@pytest.mark.usefixtures("redis_is_away")
def test_api_stays_open_without_redis(agent: User, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    client = APIClient()
    client.force_authenticate(agent, token=secrets.token_hex(8))
    assert [client.get("/plain/").status_code for _call in range(4)] == [200, 200, 200, 429]
