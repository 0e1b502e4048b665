"""Whether this installation works: `/healthz` for the process, `/readyz` for all of it, `/metrics` for graphs."""

import hmac
import ipaddress
from collections.abc import Iterator

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.redis import client
from core.timers.heartbeats import Liveness, liveness
from tickets.models import Mailbox
from tickets.services import channel_health
from tickets.services.mailboxes.polling import ALARM_AFTER

# A worker or ticker that was not seen for this long is down.
SILENCE_SECONDS = 15.0
# Something that waits this long for its turn means that nobody works, whatever the heartbeats say.
LATENESS_SECONDS = 60.0


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives; asks nothing of any engine."""
    return JsonResponse({"status": "ok"})


def _database_answers() -> bool:
    """Ask with a short-lived connection: the pool would wait ten seconds for a server that is gone."""
    try:
        parameters = connection.get_connection_params()
        parameters = {name: value for name, value in parameters.items() if name not in {"pool", "context"}}
        with psycopg.connect(**{**parameters, "connect_timeout": 2}, autocommit=True) as probe:
            probe.execute("SET statement_timeout = '2s'")
            probe.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _broker_answers() -> bool:
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


def _look() -> Liveness | None:
    """The state of timers and processes; None when the database cannot say."""
    if not _database_answers():
        return None
    try:
        return liveness()
    except (DatabaseError, InterfaceError):
        connection.close()
        return None


def _failing_channels() -> int | None:
    """How many channels cannot be read or written to; None when the database cannot say."""
    try:
        return len(channel_health.failing())
    except (DatabaseError, InterfaceError):
        connection.close()
        return None


def _is_recent(seconds: float | None) -> bool:
    return seconds is not None and seconds <= SILENCE_SECONDS


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, broker, worker and ticker were all seen and nothing waits too long, else 503."""
    state, broker = _look(), _broker_answers()
    answer: dict[str, bool | float | int | None] = {
        "database": state is not None,
        "broker": broker,
        "worker": state is not None and _is_recent(state.worker_seen_seconds),
        "ticker": state is not None and _is_recent(state.ticker_seen_seconds),
        "oldest_due_seconds": round(state.oldest_due_seconds, 3) if state else None,
        "dead_timers": state.dead_timers if state else None,
        # For people to look at: a mailbox that refuses us does not make this installation unready.
        "channels_failing": _failing_channels() if state else None,
    }
    on_time = state is not None and state.oldest_due_seconds <= LATENESS_SECONDS
    ready = on_time and all(answer[part] for part in ("database", "broker", "worker", "ticker"))
    return JsonResponse(answer, status=200 if ready else 503)


class EngineCollector(Collector):
    """Figures read from the database when they are asked for, so that every web process tells the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = _look()
        yield GaugeMetricFamily("kean_database_up", "1 while the database answers", value=float(state is not None))
        yield GaugeMetricFamily("kean_broker_up", "1 while the broker answers", value=float(_broker_answers()))
        if state is None:
            return
        seen = GaugeMetricFamily("kean_last_seen_seconds", "Since a process of this role was seen", labels=["role"])
        for role, seconds in (("worker", state.worker_seen_seconds), ("ticker", state.ticker_seen_seconds)):
            if seconds is not None:
                seen.add_metric([role], seconds)
        yield seen
        waiting = GaugeMetricFamily("kean_oldest_waiting_seconds", "Lateness of the oldest due row", labels=["of"])
        waiting.add_metric(["timers"], state.oldest_due_seconds)
        waiting.add_metric(["outbox"], state.oldest_outbox_seconds)
        yield waiting
        dead = GaugeMetricFamily("kean_dead", "Rows given up after all attempts, to be replayed by hand", labels=["of"])
        dead.add_metric(["timers"], state.dead_timers)
        dead.add_metric(["outbox"], state.dead_outbox)
        yield dead
        yield GaugeMetricFamily(
            "kean_channels_failing",
            "Channels that cannot be read or written to",
            value=float(_failing_channels() or 0),
        )
        failing = Mailbox.objects.filter(is_active=True, failures__gte=ALARM_AFTER).count()
        yield GaugeMetricFamily("kean_mailboxes_failing", "Mailboxes that cannot be read", value=float(failing))


def _may_read_metrics(request: HttpRequest) -> bool:
    """A bearer of KEAN_METRICS_TOKEN, or somebody on this very machine who came through no proxy."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of `EngineCollector` in Prometheus' text format."""
    if not _may_read_metrics(request):
        return HttpResponseForbidden()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EngineCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
