"""What monitoring is told, and what it is never told: a 500."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import resolve

from core.timers import Heartbeat, Timer, TimerState, beat
from tests.platform.rig import free_port

PARTS = {"database", "broker", "worker", "ticker", "oldest_due_seconds", "dead_timers", "channels_failing"}


@pytest.fixture
def unreachable_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        connection, "get_connection_params", lambda: {"host": "127.0.0.1", "port": free_port(), "dbname": "none"}
    )


def test_healthz_asks_no_engine(client: Client) -> None:
    # Without the database mark any query would fail this test.
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_when_everything_was_seen(client: Client) -> None:
    beat("worker")
    beat("ticker")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()) == PARTS


@pytest.mark.django_db
@pytest.mark.parametrize("silent", ["worker", "ticker"])
def test_not_ready_when_a_process_was_not_seen_for_15_seconds(client: Client, silent: str) -> None:
    beat("worker")
    beat("ticker")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_heartbeat SET beat_at = beat_at - interval '16 seconds' WHERE role = %s", [silent])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()[silent] is False
    assert answer.json()["database"] is True


@pytest.mark.django_db
def test_not_ready_when_something_due_waits_for_more_than_a_minute(client: Client) -> None:
    beat("worker")
    beat("ticker")
    long_ago = Heartbeat.objects.earliest("beat_at").beat_at.replace(year=2020)
    Timer.objects.create(key="late", kind="probe", due_at=long_ago, next_at=long_ago, state=TimerState.ARMED)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["oldest_due_seconds"] > 60


@pytest.mark.usefixtures("unreachable_database")
def test_not_ready_within_three_seconds_when_the_database_is_away(client: Client) -> None:
    began = time.monotonic()
    answer = client.get("/readyz")
    assert time.monotonic() - began < 3
    assert answer.status_code == 503
    assert answer.json()["database"] is False
    assert answer.json()["oldest_due_seconds"] is None


@pytest.mark.usefixtures("unreachable_database")
def test_metrics_say_that_the_database_is_away(client: Client) -> None:
    assert "kean_database_up 0.0" in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_metrics_for_this_machine_or_a_bearer(client: Client, settings: Any) -> None:
    assert "kean_oldest_waiting_seconds" in client.get("/metrics").content.decode()
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403
    # Behind a proxy on this machine everybody seems to be on this machine.
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403
    settings.METRICS_TOKEN = "secret"
    bearer = {"authorization": "Bearer secret"}
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7", headers=bearer).status_code == 200
    wrong = {"authorization": "Bearer 密"}
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7", headers=wrong).status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_monitoring_only_reads(client: Client, path: str) -> None:
    assert resolve(path)
    assert client.post(path).status_code == 405
