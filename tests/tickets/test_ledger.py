"""The after-sales ledger: whoever changes, removes or inserts an entry is found, and the entry is named (D18)."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from core.events import EventData, record_events
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.aftersales import apply, inspected, media, place_order
from tests.workbench.conftest import browser, text
from tickets.ledger import chain, checking
from tickets.models import AfterSales, GoodsInspection, LedgerCheck, LedgerEntry, Refund
from tickets.services import refunds
from tickets.services.aftersales import deciding

__all__ = ["media"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("D18")]


@pytest.fixture
def story(make_ticket: Any, agent: User, lead: User, frozen: Any, media: None) -> AfterSales:
    """A return from the application to the money."""
    ticket = make_ticket()
    request = apply(ticket, agent, place_order(ticket))
    deciding.decide(request=inspected(request, agent), actor=lead, amount=request.goods_value)
    refunds.pay(refund=Refund.objects.get(), actor=lead, reference="ZF-1")
    chain.catch_up()
    return request


def sql(statement: str, *values: Any) -> None:
    """What somebody with the database's own rights could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def number_of(kind: str) -> LedgerEntry:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM core_event WHERE kind = %s ORDER BY id LIMIT 1", [kind])
        return LedgerEntry.objects.get(event_id=cursor.fetchone()[0])


def verdict() -> tuple[str, int | None]:
    check = checking.check_now()
    return check.fault, check.broken_number


def test_every_step_of_goods_and_money_stands_in_the_ledger(story: AfterSales) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM core_event e JOIN tickets_ledgerentry l ON l.event_id = e.id ORDER BY l.id")
        kinds = [kind for (kind,) in cursor.fetchall()]
    assert kinds == [
        "aftersales.apply", "aftersales.accept", "aftersales.receive", "aftersales.inspected", "aftersales.inspect",
        "refund.requested", "aftersales.decide", "refund.paid", "aftersales.complete",
    ]  # fmt: skip
    assert list(LedgerEntry.objects.order_by("pk").values_list("pk", flat=True)) == list(range(1, 10))
    assert verdict() == ("", None)
    assert LedgerCheck.objects.get().checked == 9
    assert chain.append([]) == 0


@pytest.mark.parametrize("kind", ["aftersales.apply", "refund.requested", "refund.paid"])
def test_a_changed_entry_is_named(story: AfterSales, kind: str) -> None:
    entry = number_of(kind)
    sql("""UPDATE core_event SET payload = payload || '{"amount": "1.00"}' WHERE id = %s""", entry.event_id)
    assert verdict() == ("changed", entry.number)


def test_a_deleted_entry_is_named_with_or_without_its_link(story: AfterSales) -> None:
    entry = number_of("aftersales.decide")
    sql("DELETE FROM core_event WHERE id = %s", entry.event_id)
    assert verdict() == ("deleted", entry.number)
    LedgerEntry.objects.filter(pk=entry.pk).delete()
    assert verdict() == ("deleted", entry.number)


def test_an_entry_that_is_called_something_else_is_missed(story: AfterSales) -> None:
    entry = number_of("refund.paid")
    sql("UPDATE core_event SET kind = 'note' WHERE id = %s", entry.event_id)
    assert verdict() == ("deleted", entry.number)


def test_an_entry_inserted_between_is_named_by_its_event(story: AfterSales) -> None:
    first, last = number_of("aftersales.apply").event_id, number_of("refund.paid").event_id
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM core_event WHERE id BETWEEN %s AND %s AND kind = 'message.created'", [first, last]
        )
        [free] = cursor.fetchone()
    sql("UPDATE core_event SET kind = 'refund.paid' WHERE id = %s", free)
    check = checking.check_now()
    assert (check.fault, check.broken_number, check.broken_event) == ("inserted", None, free)
    assert str(free) in check.finding


def test_a_row_that_says_something_else_than_the_ledger_is_named(story: AfterSales) -> None:
    sql("UPDATE tickets_refund SET amount = 1")
    entry = number_of("refund.requested")
    assert verdict() == ("row_differs", entry.number)
    sql("UPDATE tickets_refund SET amount = %s", story.goods_value)
    GoodsInspection.objects.update(result="not_intact")
    assert verdict() == ("row_differs", number_of("aftersales.inspected").number)


def test_a_check_goes_in_portions_and_the_next_begins_where_it_ended(
    story: AfterSales, lead: User, supervisor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    check = checking.begin(actor=supervisor)
    assert checking.begin(actor=supervisor) == check
    running = checking.go_on(check_id=check.pk, portions=2)
    assert running is not None
    assert (running.state, running.position, running.checked) == ("running", 4, 4)
    while LedgerCheck.objects.get(pk=check.pk).state == "running":
        fire_due()
    whole = LedgerCheck.objects.get(pk=check.pk)
    assert (whole.state, whole.position) == ("whole", 9)
    refunds.reverse(refund=Refund.objects.get(), actor=lead, reason="打错")
    chain.catch_up()
    later = checking.check_now(scope="new")
    added = LedgerEntry.objects.count() - 9
    assert (later.state, later.checked, later.position) == ("whole", added, 9 + added)
    entry = number_of("aftersales.apply")
    sql("UPDATE core_event SET kind = 'aftersales.accept' WHERE id = %s", entry.event_id)
    assert checking.check_now(scope="new").state == "whole"
    assert verdict() == ("changed", 1)


def test_the_command_names_the_entry_and_exits_with_one(story: AfterSales) -> None:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "台账完好：核验 9 笔" in out.getvalue()
    sql("UPDATE core_event SET at = at + interval '1 day' WHERE id = %s", number_of("refund.paid").event_id)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", stdout=out)
    assert ended.value.code == 1
    assert "台账第 8 笔" in out.getvalue()
    assert "内容被改动" in out.getvalue()


def test_a_person_begins_a_check_and_reads_what_it_found(story: AfterSales, supervisor: User, agent: User) -> None:
    sql("""UPDATE core_event SET payload = '{"n": 1}' WHERE id = %s""", number_of("refund.paid").event_id)
    person = browser(supervisor)
    assert "核验已开始" in text(person.post("/aftersales/ledger/", {"scope": "all"}, follow=True))
    fire_due()
    page = text(person.get("/aftersales/ledger/"))
    assert "台账第 8 笔" in page
    assert "refund.paid" in page
    assert "范围须为" in text(person.post("/aftersales/ledger/", {"scope": "moon"}, follow=True))
    assert browser(agent).get("/aftersales/ledger/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_writers_do_not_wait_for_the_chain_and_late_commits_find_their_place() -> None:
    """One writer keeps its transaction open while another commits; nothing is skipped, nothing waits."""
    begun, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            record_events([EventData(kind="refund.requested", subject_type="refund", subject_id=1, actor=None)])
            begun.set()
            may_commit.wait(10)
        connection.close()

    writer = threading.Thread(target=late)
    writer.start()
    assert begun.wait(10)
    record_events([EventData(kind="refund.paid", subject_type="refund", subject_id=2, actor=None)])
    chain.catch_up()
    assert not LedgerEntry.objects.exists()
    may_commit.set()
    writer.join(10)
    chain.catch_up()
    assert LedgerEntry.objects.count() == 2
    assert chain.walk_on(chain.Place())[1:] == (2, None)
