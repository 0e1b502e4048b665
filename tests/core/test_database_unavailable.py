"""While the database is away people get a calm sentence, and everything else fails as before."""

from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from core.middleware import DatabaseUnavailableMiddleware, is_database_unavailable, server_error


def database_error(state: str | None = None) -> OperationalError:
    error = OperationalError("FATAL: secret details of the server")
    cause = psycopg.OperationalError("cause")
    cause.sqlstate = state
    error.__cause__ = cause
    return error


FAILURES: dict[str, Exception] = {}


def failing(request: HttpRequest) -> HttpResponse:
    raise FAILURES["now"]


async def failing_async(request: HttpRequest) -> HttpResponse:
    raise FAILURES["now"]


urlpatterns = [path("page/", failing), path("async/", failing_async), path("api/v1/thing/", failing)]
handler500 = server_error


@pytest.mark.parametrize("state", [None, "08006", "08001", "57P01", "57P03", "53300", "57014", "55P03"])
def test_a_server_that_is_away_or_too_busy_is_known(state: str | None) -> None:
    assert is_database_unavailable(database_error(state))


def test_the_cause_may_lie_deeper() -> None:
    outer = ValueError("while rendering")
    outer.__cause__ = database_error()
    assert is_database_unavailable(outer)
    assert is_database_unavailable(InterfaceError("connection already closed"))


@pytest.mark.parametrize("error", [ValueError("x"), ProgrammingError("x"), database_error("40P01")])
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_database_unavailable(error)


class TestAnswers:
    @pytest.fixture
    def client(self, settings: Any) -> Client:
        settings.ROOT_URLCONF = __name__
        settings.MIDDLEWARE = ["core.middleware.DatabaseUnavailableMiddleware"]
        return Client(raise_request_exception=False)

    @pytest.mark.parametrize("address", ["/page/", "/async/"])
    def test_a_page_says_so_without_a_trace(self, client: Client, address: str) -> None:
        FAILURES["now"] = database_error()
        answer = client.get(address)
        assert answer.status_code == 503
        assert "暂时连不上数据库" in answer.content.decode()
        assert "secret details" not in answer.content.decode()
        assert answer["Retry-After"] == "5"

    def test_programs_get_json(self, client: Client) -> None:
        FAILURES["now"] = database_error()
        answer = client.get("/api/v1/thing/")
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"

    def test_a_fault_of_the_program_stays_a_500(self, client: Client) -> None:
        FAILURES["now"] = ValueError("fault")
        answer = client.get("/api/v1/thing/")
        assert answer.status_code == 500
        assert answer.json()["code"] == "server_error"

    def test_what_fails_outside_a_view_is_caught_too(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_args: Any) -> None:
            raise database_error()

        monkeypatch.setattr(DatabaseUnavailableMiddleware, "process_request", refuse, raising=False)
        assert client.get("/page/").status_code == 503


def test_the_middleware_serves_both_kinds_of_servers() -> None:
    assert DatabaseUnavailableMiddleware.sync_capable
    assert DatabaseUnavailableMiddleware.async_capable
    request = RequestFactory().get("/")
    middleware = DatabaseUnavailableMiddleware(lambda request: HttpResponse())
    assert middleware.process_exception(request, ValueError()) is None
