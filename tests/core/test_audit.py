"""The sealed history: any change, deletion or insertion is found and named."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from core.audit.models import EventSeal
from core.audit.services import seal, verify
from core.events import Event, record_event

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J20")]


@pytest.fixture
def history(agent: Any) -> list[int]:
    ids = [
        record_event(kind="note", subject_type="x", subject_id=n, actor=agent, payload={"n": n, "词": "退款"}).pk
        for n in range(10)
    ]
    seal()
    return ids


def sql(statement: str, *values: Any) -> None:
    """What somebody with the database's own rights could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_an_untouched_history_is_whole(history: list[int]) -> None:
    assert verify().fault == ""
    assert verify().checked == Event.objects.count()


@pytest.mark.parametrize("position", [0, 5, 9])
def test_a_changed_entry_is_named(history: list[int], position: int) -> None:
    sql("""UPDATE core_event SET payload = '{"n": 99}' WHERE id = %s""", history[position])
    verdict = verify()
    assert (verdict.fault, verdict.broken_event) == ("changed", history[position])


def test_a_deleted_entry_is_named(history: list[int]) -> None:
    sql("DELETE FROM core_event WHERE id = %s", history[4])
    verdict = verify()
    assert (verdict.fault, verdict.broken_event) == ("deleted", history[4])


def test_an_entry_deleted_with_its_seal_breaks_the_next_one(history: list[int]) -> None:
    sql("DELETE FROM core_event WHERE id = %s", history[4])
    EventSeal.objects.filter(event_id=history[4]).delete()
    verdict = verify()
    assert (verdict.fault, verdict.broken_event) == ("changed", history[5])


def test_two_entries_that_changed_places_are_found(history: list[int]) -> None:
    sql("UPDATE core_event SET subject_id = 13 - subject_id WHERE id IN (%s, %s)", history[6], history[7])
    assert verify().broken_event == history[6]


def test_a_cut_tail_is_found_with_a_head_kept_elsewhere(history: list[int]) -> None:
    head = verify().head
    sql("DELETE FROM core_event WHERE id = %s", history[9])
    EventSeal.objects.filter(event_id=history[9]).delete()
    assert verify().fault == ""
    assert verify(head=head).fault == "head_missing"


def test_the_command_says_so_and_exits_with_one(history: list[int]) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "历史完好" in out.getvalue()
    sql("UPDATE core_event SET kind = 'other' WHERE id = %s", history[2])
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", stdout=out)
    assert ended.value.code == 1
    assert str(history[2]) in out.getvalue()
