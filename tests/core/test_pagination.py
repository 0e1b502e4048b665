"""Cursor pages: complete, without doubles, forwards and back, whatever happens in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.keyset import BadCursor, read_page
from crm.staff.models import User
from tests.core.samples import Sample, SampleGroup, sample_tables  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_tables"), pytest.mark.urls("tests.core.api_urls")]

START = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def rows() -> list[Sample]:
    group = SampleGroup.objects.create(name="g")
    return Sample.objects.bulk_create(
        [
            Sample(
                title=f"t{number}",
                kind="ab"[number % 2],
                size=number % 4,
                group=group if number % 3 else None,
                due_at=None if number % 5 == 0 else START + timedelta(microseconds=number // 3),
            )
            for number in range(23)
        ]
    )


def walk(ordering: Sequence[str], size: int) -> tuple[list[int], list[int]]:
    """All ids seen going forwards, and all seen coming back from the last page."""
    forwards: list[int] = []
    cursor = None
    while True:
        page = read_page(Sample.objects.all(), ordering=ordering, cursor=cursor, size=size)
        forwards += [row.pk for row in page.rows]
        if page.next is None:
            break
        cursor = page.next
    backwards = [row.pk for row in page.rows]
    while page.previous:
        page = read_page(Sample.objects.all(), ordering=ordering, cursor=page.previous, size=size)
        backwards = [row.pk for row in page.rows] + backwards
    return forwards, backwards


@pytest.mark.parametrize("size", [1, 4, 23, 100])
@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (("id",), ("id",)),
        (("-id",), ("-id",)),
        (("kind", "id"), ("kind", "id")),
        (("kind", "-id"), ("kind", "-id")),
        (("-kind",), ("-kind", "-id")),
        (("due_at", "id"), None),
        (("-due_at", "-id"), None),
        (("group__name", "id"), None),
        (("-group_id", "id"), None),
    ],
)
def test_walking_there_and_back_sees_every_row_once(
    rows: list[Sample], ordering: tuple[str, ...], expected: tuple[str, ...] | None, size: int
) -> None:
    forwards, backwards = walk(ordering, size)
    assert forwards == backwards
    assert sorted(forwards) == sorted(row.pk for row in rows)
    if expected:
        assert forwards == list(Sample.objects.order_by(*expected).values_list("pk", flat=True))


@pytest.mark.parametrize("ordering", ["due_at", "-due_at"])
def test_rows_without_a_moment_come_last_in_both_directions(rows: list[Sample], ordering: str) -> None:
    forwards, _backwards = walk((ordering, "id"), 4)
    empty = [row.due_at is None for row in (Sample.objects.get(pk=pk) for pk in forwards)]
    assert empty == sorted(empty)


def test_new_and_removed_rows_neither_repeat_nor_hide_others(rows: list[Sample]) -> None:
    first = read_page(Sample.objects.all(), ordering=("-id",), cursor=None, size=5)
    newer = Sample.objects.create()
    first.rows[-1].delete()
    second = read_page(Sample.objects.all(), ordering=("-id",), cursor=first.next, size=5)
    expected = sorted((row.pk for row in rows), reverse=True)[5:10]
    assert [row.pk for row in second.rows] == expected
    assert newer.pk not in expected


FOREIGN = ["x", "zzzz", "e30", "W10", "bnVsbA", "WyJhIiwwLFsxXV0", "a" * 2000, "é", "====", "WyI"]


@pytest.mark.parametrize("cursor", FOREIGN)
def test_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        read_page(Sample.objects.all(), ordering=("id",), cursor=cursor, size=5)


def test_cursor_of_another_ordering_is_refused(rows: list[Sample]) -> None:
    page = read_page(Sample.objects.all(), ordering=("id",), cursor=None, size=5)
    with pytest.raises(BadCursor):
        read_page(Sample.objects.all(), ordering=("-id",), cursor=page.next, size=5)


def test_pages_use_neither_count_nor_offset(rows: list[Sample]) -> None:
    page = read_page(Sample.objects.all(), ordering=("kind", "id"), cursor=None, size=5)
    with CaptureQueriesContext(connection) as queries:
        read_page(Sample.objects.all(), ordering=("kind", "id"), cursor=page.next, size=5)
    [query] = queries.captured_queries
    assert "OFFSET" not in query["sql"].upper()
    assert "COUNT(" not in query["sql"].upper()
    assert ">=" in query["sql"]


def test_deep_page_is_an_index_range() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX by_due ON samples_sample (due_at, id)")
        cursor.execute(
            "INSERT INTO samples_sample (row_key, kind, labels, phone, phone_index, due_at)"
            " SELECT gen_random_uuid(), 'a', '{}', '', '', now() + n * interval '1 second'"
            " FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE samples_sample")
    middle = Sample.objects.order_by("due_at", "id")[10_000]
    before = read_page(Sample.objects.filter(pk__gte=middle.pk), ordering=("due_at", "id"), cursor=None, size=1)
    with CaptureQueriesContext(connection) as queries:
        read_page(Sample.objects.all(), ordering=("due_at", "id"), cursor=before.next, size=25)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond" in plan
    assert "Sort" not in plan


def test_api_pages_link_to_their_neighbours_and_keep_the_filters(agent: User, rows: list[Sample]) -> None:
    api = APIClient()
    api.force_authenticate(agent)
    url: str | None = "/samples/?kind=a&page_size=5&ordering=due"
    seen: list[int] = []
    while url:
        body = api.get(url).json()
        assert sorted(body) == ["next", "previous", "results"]
        seen += [row["id"] for row in body["results"]]
        url = body["next"]
        if url:
            assert parse_qs(urlsplit(url).query)["kind"] == ["a"]
    assert sorted(seen) == sorted(row.pk for row in rows if row.kind == "a")
    assert body["previous"]


def test_default_page_is_twenty_five_newest_first(agent: User) -> None:
    Sample.objects.bulk_create([Sample() for _number in range(30)])
    api = APIClient()
    api.force_authenticate(agent)
    ids = [row["id"] for row in api.get("/samples/").json()["results"]]
    assert len(ids) == 25
    assert ids == sorted(ids, reverse=True)
