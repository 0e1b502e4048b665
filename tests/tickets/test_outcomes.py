"""Thirty days after closing a complaint is looked at again (C24), and can become a case of the library."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from core import clock
from core.errors import NotAllowed
from core.timers import fire_due
from crm.followups.models import SurveyInvitation
from crm.staff.models import User
from knowledge.models import Article
from tests.followups.conftest import client_of, committed, end, solve
from tests.tickets.aftersales import place_order
from tests.workbench.conftest import browser, text
from tickets.models import ComplaintOutcome, Ticket
from tickets.services import case_library, compensations, outcomes, solutions, transitions
from tickets.services.precedents import aftermath_of

__all__ = ["committed", "end", "solve"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen"), pytest.mark.capability("C24")]

Make = Callable[..., Ticket]
MONTH = timedelta(days=30)
CATEGORY = "商品质量问题"


@pytest.fixture
def closed(make_ticket: Make, end: Make) -> Ticket:
    said = "我是陈女士，电话 13800138000，订单 TB1 的杯子碎了，我要投诉"
    return end(make_ticket(said, type="complaint", category=CATEGORY, order_no="TB1"))


def look_back(ticket: Ticket, *, after: timedelta = MONTH) -> ComplaintOutcome | None:
    assert ticket.closed_at is not None
    fire_due(now=ticket.closed_at + after)
    return ComplaintOutcome.objects.filter(ticket=ticket).order_by("-pk").first()


def test_not_a_second_before_thirty_days(closed: Ticket) -> None:
    assert look_back(closed, after=MONTH - timedelta(seconds=1)) is None
    found = look_back(closed)
    assert found is not None
    assert (found.closed_at, found.category, found.methods) == (closed.closed_at, CATEGORY, ["apology"])
    assert (found.repeat_count, found.repurchase_count, found.satisfaction) == (0, 0, None)


def test_one_that_closed_by_itself_is_looked_at_too(make_ticket: Make, solve: Make) -> None:
    ticket = solve(make_ticket("我要投诉", type="complaint"))
    with clock.at(ticket.solved_at + transitions.OBJECTION_PERIOD):
        assert transitions.close_unopposed() == 1
    ticket.refresh_from_db()
    assert look_back(ticket) is not None


def test_questions_withdrawn_and_reopened_ones_are_not(
    make_ticket: Make, end: Make, closed: Ticket, agent: User
) -> None:
    question, withdrawn = end(make_ticket()), make_ticket("我要投诉", type="complaint")
    transitions.cancel(ticket=withdrawn, actor=agent, reason="客户撤回")
    transitions.reopen(ticket=closed, actor=agent)
    fire_due(now=clock.now() + MONTH * 2)
    assert not ComplaintOutcome.objects.filter(ticket__in=[question, withdrawn, closed]).exists()


def test_closed_again_the_thirty_days_begin_anew(closed: Ticket, end: Make, agent: User, frozen: Any) -> None:
    frozen.shift(timedelta(days=10))
    transitions.reopen(ticket=closed, actor=agent)
    again = end(Ticket.objects.get(pk=closed.pk))
    assert look_back(closed) is None
    found = look_back(again)
    assert found is not None
    assert found.closed_at == again.closed_at


@pytest.mark.parametrize(("days", "seconds", "counts"), [(30, 0, 1), (30, 1, 0), (0, 1, 1)])
def test_a_complaint_counts_as_repeated_within_the_thirty_days(
    closed: Ticket, make_ticket: Make, days: int, seconds: int, counts: int
) -> None:
    with clock.at(closed.closed_at + timedelta(days=days, seconds=seconds)):
        again = make_ticket("又碎了", type="complaint", category=CATEGORY)
        make_ticket("请问怎么洗", category=CATEGORY)
        make_ticket("客服态度差，我要投诉", type="complaint", category="服务态度")
    found = look_back(closed, after=MONTH * 2)
    assert found is not None
    assert (found.repeat_count, found.repeat_ticket_id) == (counts, again.pk if counts else None)


def test_what_was_paid_bought_and_scored_is_kept(make_ticket: Make, solve: Make, agent: User, supervisor: User) -> None:
    ticket = make_ticket("杯子碎了，我要投诉", type="complaint", category=CATEGORY, order_no="TB1")
    place_order(ticket, paid="300")
    made = compensations.grant(
        ticket=ticket,
        actor=supervisor,
        case="C-22",
        inputs={"P": "300", "severity": "0.1", "responsibility": "1"},
        amount=Decimal("30"),
    )
    compensations.pay(compensation=made, actor=supervisor, reference="P1")
    solve(ticket)
    transitions.close(ticket=ticket, actor=agent)
    ticket.refresh_from_db()
    SurveyInvitation.objects.filter(ticket=ticket).update(score=5, answered_at=clock.now())
    for no, paid, after, status in (
        ("TB2", "80", MONTH, "paid"),
        ("TB3", "90", MONTH + timedelta(seconds=1), "paid"),
        ("TB4", "70", timedelta(days=2), "refunded"),
    ):
        moments = {"ordered_at": ticket.closed_at + after, "paid_at": None, "signed_at": None}
        place_order(ticket, no=no, paid=paid, status=status, **moments)
    found = look_back(ticket)
    assert found is not None
    assert (found.price, found.satisfaction) == (Decimal(300), 5)
    assert (found.methods, found.cost) == (["compensation"], Decimal(30))
    assert (found.repurchase_count, found.repurchase_amount) == (1, Decimal(80))


def test_the_row_is_written_once_and_kept(closed: Ticket) -> None:
    first = look_back(closed)
    assert first is not None
    assert outcomes.evaluate(ticket_id=closed.pk, closed_at=first.closed_at) == first
    kept = import_module("tickets.migrations.0031_complaint_outcomes")
    with connection.cursor() as cursor:
        cursor.execute(kept.KEEP)
    for change in (
        lambda: ComplaintOutcome.objects.filter(pk=first.pk).update(repeat_count=9),
        lambda: ComplaintOutcome.objects.filter(pk=first.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="kept as it was written"), transaction.atomic():
            change()
    with connection.cursor() as cursor:
        cursor.execute(kept.KEEP_BACK)


def test_similar_complaints_tell_how_many_came_again(closed: Ticket, make_ticket: Make, end: Make, frozen: Any) -> None:
    frozen.shift(timedelta(seconds=1))
    second = end(make_ticket("杯子又裂了", type="complaint", category=CATEGORY))
    look_back(second)
    found = aftermath_of(category=CATEGORY, price=None)
    assert (found.n, found.repeated) == (2, 1)
    assert aftermath_of(category=CATEGORY, price=Decimal(100)).n == 0
    matter = solutions.Matter(category=CATEGORY, text="", price=None, has_evidence=False)
    assert any("2 件已满 30 天，其中 1 件再次投诉" in note for note in solutions.suggest(matter)[0].notes)


def test_a_case_has_nobodys_data_and_is_made_once(closed: Ticket, lead: User, agent: User) -> None:
    found = look_back(closed)
    assert found is not None
    with pytest.raises(NotAllowed):
        case_library.make_case(outcome=found, actor=agent)
    article, is_new = case_library.make_case(outcome=found, actor=lead)
    version = article.versions.get()
    assert is_new
    assert (article.collection, version.status, article.audience) == ("投诉案例", "draft", "internal")
    for secret in ("陈女士", "13800138000", "TB1", closed.number):
        assert secret not in version.body
    assert "杯子碎了" in version.body
    assert case_library.make_case(outcome=found, actor=lead) == (article, False)


def test_over_the_api(closed: Ticket, lead: User, agent: User, other_agent: User) -> None:
    found = look_back(closed)
    assert found is not None
    address = "/api/v1/complaint-outcomes/"
    rows = client_of(agent).get(address, {"ticket": closed.number, "repeated": "false", "method": "apology"}).json()
    assert [row["id"] for row in rows["results"]] == [found.pk]
    assert client_of(agent).get(address, {"method": "gift"}).status_code == 400
    assert client_of(other_agent).get(f"{address}{found.pk}/").status_code == 404
    made = client_of(lead).post(f"{address}{found.pk}/case/")
    assert made.status_code == 201
    assert made.json()["article"] == Article.objects.get(collection="投诉案例").pk
    assert client_of(lead).post(f"{address}{found.pk}/case/").status_code == 200
    assert client_of(agent).post(f"{address}{found.pk}/case/").status_code == 403


def test_the_desk_and_the_list_show_it_and_one_button_makes_the_case(closed: Ticket, lead: User, frozen: Any) -> None:
    assert "复盘" in text(browser(lead).get(f"/desk/{closed.number}/side/procedure/"))
    found = look_back(closed)
    assert found is not None
    frozen.shift(timedelta(days=31))
    assert "道歉与说明" in text(browser(lead).get(f"/desk/{closed.number}/side/procedure/"))
    page = text(browser(lead).get("/reports/outcomes/"))
    assert closed.number in page
    answer = browser(lead).post(f"/reports/outcomes/{found.pk}/case/")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/{Article.objects.get(collection='投诉案例').pk}/")
    assert "查看案例" in text(browser(lead).get("/reports/outcomes/"))
