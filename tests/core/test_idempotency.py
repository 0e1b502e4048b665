"""The same POST sent twice is done once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from rest_framework.test import APIClient

from core import idempotency
from core.errors import Conflict
from core.idempotency import IdempotencyRecord
from crm.staff.models import User
from tests.core.samples import Sample, sample_tables  # noqa: F401

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

api_test = [pytest.mark.django_db, pytest.mark.usefixtures("sample_tables"), pytest.mark.urls("tests.core.api_urls")]


@pytest.fixture
def api(agent: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(agent)
    return client


def create(api: APIClient, body: Any, key: str | None = "k-1") -> Any:
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    return api.post("/samples/", body, format="json", **headers)


class TestOverHttp:
    pytestmark = api_test

    def test_same_key_and_body_gives_the_first_answer_again(self, api: APIClient) -> None:
        first = create(api, {"title": "a", "note": "b"})
        again = create(api, {"note": "b", "title": "a"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again["Idempotent-Replayed"] == "true"
        assert Sample.objects.count() == 1

    def test_same_key_with_another_body_or_path_is_409(self, api: APIClient) -> None:
        first = create(api, {"title": "a"})
        other = create(api, {"title": "b"})
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        touched = api.post(f"/samples/{first.json()['id']}/touch/", {"title": "a"}, "json", HTTP_IDEMPOTENCY_KEY="k-1")
        assert touched.status_code == 409
        assert Sample.objects.count() == 1

    def test_other_posts_of_a_row_are_done_once_too(self, api: APIClient) -> None:
        sample = Sample.objects.create(size=1)
        for _time in range(3):
            response = api.post(f"/samples/{sample.pk}/touch/", HTTP_IDEMPOTENCY_KEY="touch")
            assert response.json() == {"size": 2}

    def test_keys_of_different_people_and_no_key_are_independent(self, api: APIClient, agent2: User) -> None:
        colleague = APIClient()
        colleague.force_authenticate(agent2)
        create(api, {"title": "a"})
        create(colleague, {"title": "b"})
        create(api, {"title": "c"}, key=None)
        create(api, {"title": "c"}, key=None)
        assert Sample.objects.count() == 4

    def test_refused_request_leaves_the_key_free(self, api: APIClient) -> None:
        assert create(api, {"title": "teapot"}).status_code == 409
        assert create(api, {"colour": 1}).status_code == 400
        assert create(api, {"title": "a"}).status_code == 201

    @pytest.mark.parametrize("key", ["", "a b", "x" * 201, "键"])
    def test_malformed_key_is_refused_by_name(self, api: APIClient, key: str) -> None:
        response = create(api, {"title": "a"}, key=key)
        assert (response.status_code, list(response.json()["fields"])) == (400, ["Idempotency-Key"])

    def test_key_is_free_again_after_a_day(self, api: APIClient) -> None:
        with time_machine.travel(NOW, tick=False):
            create(api, {"title": "a"})
        with time_machine.travel(NOW + timedelta(hours=24, seconds=-1), tick=False):
            assert create(api, {"title": "b"}).status_code == 409
        with time_machine.travel(NOW + timedelta(hours=24), tick=False):
            assert create(api, {"title": "b"}).status_code == 201

    def test_kept_answer_is_stored_encrypted(self, api: APIClient) -> None:
        create(api, {"title": "geheim"})
        with connection.cursor() as cursor:
            cursor.execute("SELECT r::text FROM core_idempotencyrecord r")
            [(row,)] = cursor.fetchall()
        assert b"geheim".hex() not in row
        assert "geheim" not in row


@pytest.mark.django_db
def test_purge_removes_answers_of_yesterday_only() -> None:
    for key, age in (("old", 24), ("young", 23)):
        with time_machine.travel(NOW - timedelta(hours=age), tick=False):
            idempotency.remember(scope="user:1", key=key, path="/", digest="d", status=201, body="{}")
    with time_machine.travel(NOW, tick=False):
        assert idempotency.purge_expired() == 1
    assert IdempotencyRecord.objects.get().key == "young"


@pytest.mark.django_db(transaction=True)
def test_second_request_waits_for_the_first_and_gets_its_answer() -> None:
    working, may_end = threading.Event(), threading.Event()
    answers: list[str] = []

    def run(name: str) -> None:
        try:
            with transaction.atomic():
                record = idempotency.first_answer(scope="user:1", key="k", path="/", digest="d")
                if record is not None:
                    answers.append(f"{name}:{record.body}")
                    return
                working.set()
                may_end.wait(5)
                idempotency.remember(scope="user:1", key="k", path="/", digest="d", status=201, body=name)
                answers.append(f"{name}:did")
        finally:
            connection.close()

    first = threading.Thread(target=run, args=("first",))
    first.start()
    assert working.wait(5)
    second = threading.Thread(target=run, args=("second",))
    second.start()
    may_end.set()
    first.join(10)
    second.join(10)
    assert sorted(answers) == ["first:did", "second:first"]


@pytest.mark.django_db(transaction=True)
def test_request_that_waits_too_long_is_told_that_the_first_is_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_WAIT_SECONDS", 0.2)
    holding, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                idempotency.first_answer(scope="user:1", key="k", path="/", digest="d")
                holding.set()
                may_end.wait(5)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(5)
    with transaction.atomic(), pytest.raises(Conflict) as caught:
        idempotency.first_answer(scope="user:1", key="k", path="/", digest="d")
    may_end.set()
    holder.join(10)
    assert caught.value.code == "in_progress"
