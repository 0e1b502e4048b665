"""Disputes before regulators and platforms (C35), and the board of statutory deadlines (C33)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.calendars.models import PublicHolidayYear
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.timers import fire_due
from crm.staff.models import User
from tests.tickets.conftest import MONDAY_NINE
from tests.tickets.test_legal_periods import moment
from tickets.models import LegalCase, LegalClock, LegalRule, Notice, Ticket
from tickets.services.legal import cases, clocks, meet_clock, rules, start_clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk", "frozen")]

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
C33, C35 = pytest.mark.capability("C33"), pytest.mark.capability("C35")
Open = Callable[..., LegalCase]


@pytest.fixture
def ticket(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("我要投诉到 12315", type="complaint")


@pytest.fixture
def open_case(ticket: Ticket, agent: User) -> Open:
    numbers = iter(range(1, 100))

    def make(authority: str = "12315", **values: Any) -> LegalCase:
        given = {"external_number": f"N-{next(numbers)}", "received_at": MONDAY_NINE, "ticket": ticket, "actor": agent}
        return cases.open_case(authority=authority, **(given | values))

    return make


def deadlines(case: LegalCase) -> dict[str, LegalClock]:
    return {row.rule.code: row for row in case.clocks.filter(dropped_at=None).select_related("rule")}


@C35
@pytest.mark.parametrize(
    ("authority", "wanted"),
    [
        (
            "12315",
            {
                "authority.reply": "2026-11-18 24:00",
                "authority.accept": "2026-11-25 24:00",
                "authority.mediation": "2027-01-15 24:00",
            },
        ),
        ("association", {"authority.reply": "2026-11-18 24:00"}),
        ("court", {"authority.reply": "2026-11-18 24:00"}),
        ("odr", {"odr.settle": "2026-11-30 24:00"}),
        ("platform", {"dispute.jd.reply": "2026-11-17 09:00", "dispute.jd.evidence": "2026-11-16 13:00"}),
    ],
)
def test_a_case_has_its_deadlines_at_once(open_case: Open, authority: str, wanted: dict[str, str]) -> None:
    found = deadlines(open_case(authority))
    assert {code: row.due_at for code, row in found.items()} == {code: moment(at) for code, at in wanted.items()}


@C35
def test_what_the_notice_says_wins_over_the_house_default(open_case: Open) -> None:
    until = MONDAY_NINE + 5 * DAY
    assert deadlines(open_case(reply_due_at=until))["authority.reply"].due_at == until


@C35
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"authority": "教育局"}, "authority"),
        ({"received_at": MONDAY_NINE + SECOND}, "received_at"),
        ({"received_at": MONDAY_NINE - clocks.OLDEST - SECOND}, "received_at"),
        ({"external_number": "  "}, "external_number"),
        ({"platform": "jd"}, "platform"),
        ({"authority": "platform", "platform": "火星"}, "platform"),
        ({"authority": "court", "matter": "report"}, "matter"),
        ({"reply_due_at": MONDAY_NINE}, "reply_due_at"),
    ],
)
def test_wrong_authority_number_or_time_is_refused_by_name(open_case: Open, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_case(**values)
    assert set(refused.value.fields) == {field}
    assert not LegalCase.objects.exists()


@C35
def test_the_same_number_is_one_case(open_case: Open) -> None:
    open_case(external_number="310104-1")
    with pytest.raises(Conflict, match="已登记"):
        open_case(external_number="310104-1")
    # A complaint and a report in one paper are two records.
    report = open_case(external_number="310104-1", matter="report", companion=LegalCase.objects.get())
    assert set(deadlines(report)) == {"authority.reply"}


@C35
def test_acceptance_begins_the_mediation_anew_and_appraisal_stops_it(open_case: Open, agent: User, frozen: Any) -> None:
    case = open_case()
    assert deadlines(case)["authority.mediation"].is_provisional
    frozen.move_to(MONDAY_NINE + 20 * DAY)
    cases.record_moment(case=case, actor=agent, event="accepted", at=MONDAY_NINE + 4 * DAY)
    mediation = deadlines(case)["authority.mediation"]
    assert (mediation.is_provisional, mediation.due_at) == (False, moment("2027-01-19 24:00"))
    cases.record_moment(case=case, actor=agent, event="appraisal_began", at=MONDAY_NINE + 10 * DAY)
    assert deadlines(case)["authority.mediation"].due_at is None
    cases.record_moment(case=case, actor=agent, event="appraisal_ended", at=MONDAY_NINE + 15 * DAY)
    assert deadlines(case)["authority.mediation"].due_at == moment("2027-01-24 24:00")


@C35
@pytest.mark.parametrize(
    ("event", "at", "field"),
    [
        ("incident", MONDAY_NINE, "event"),
        ("accepted", MONDAY_NINE - SECOND, "at"),
        ("accepted", MONDAY_NINE + SECOND, "at"),
        ("appraisal_ended", MONDAY_NINE, "event"),
    ],
)
def test_progress_that_cannot_be_is_refused(open_case: Open, agent: User, event: str, at: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cases.record_moment(case=open_case(), actor=agent, event=event, at=at)
    assert set(refused.value.fields) == {field}


@C35
def test_a_request_for_evidence_begins_four_hours_of_the_platforms_day(open_case: Open, agent: User) -> None:
    case = open_case("platform", platform="jd")
    cases.record_moment(case=case, actor=agent, event="evidence_requested", at=MONDAY_NINE)
    found = deadlines(case)["dispute.jd.evidence"]
    assert (found.is_ours, found.is_provisional, found.due_at) == (True, False, moment("2026-11-16 13:00"))


@C35
def test_taobao_knows_its_own_rules_and_tmall_shares_them(open_case: Open, agent: User) -> None:
    case = open_case("platform", platform="tmall")
    assert deadlines(case) == {}
    cases.record_moment(case=case, actor=agent, event="court_declared", at=MONDAY_NINE)
    assert deadlines(case)["dispute.taobao.court"].due_at == moment("2026-11-25 24:00")


@C35
def test_a_year_without_calendar_keeps_the_case_and_says_so(open_case: Open, frozen: Any) -> None:
    frozen.move_to(moment("2026-12-30 10:00"))
    case = open_case(received_at=moment("2026-12-28 10:00"))
    accept = deadlines(case)["authority.accept"]
    assert (accept.due_at, accept.problem) == (None, "日历未维护")
    for year in range(2004, 2028):
        PublicHolidayYear.objects.create(country="CN", year=year)
    assert clocks.compute_again() >= 1
    assert deadlines(case)["authority.accept"].due_at is not None


# The board


@C33
def test_a_deadline_is_warned_of_and_missed_exactly_at_its_end(
    open_case: Open, ticket: Ticket, supervisor: User, frozen: Any
) -> None:
    case = open_case("platform", platform="jd")
    reply = deadlines(case)["dispute.jd.reply"]
    assert reply.due_at is not None
    frozen.move_to(reply.due_at - 4 * HOUR)
    fire_due(now=clock.now())
    assert Notice.objects.filter(kind="legal_warned", user=supervisor, ticket=ticket).exists()
    frozen.move_to(reply.due_at - SECOND)
    fire_due(now=clock.now())
    assert deadlines(case)["dispute.jd.reply"].missed_at is None
    frozen.move_to(reply.due_at)
    fire_due(now=clock.now())
    assert deadlines(case)["dispute.jd.reply"].missed_at == reply.due_at
    assert Notice.objects.filter(kind="legal_missed", user=supervisor, ticket=ticket).count() == 1
    assert Event.objects.filter(kind=clocks.MISSED, subject_id=ticket.pk).count() == 1


@C33
def test_a_missed_one_wants_cause_and_remedy_before_the_case_closes(
    open_case: Open, agent: User, supervisor: User, frozen: Any
) -> None:
    case = open_case("odr")
    frozen.move_to(moment("2026-12-01 00:00"))
    fire_due(now=clock.now())
    missed = deadlines(case)["odr.settle"]
    assert list(LegalClock.objects.to_explain()) == [missed]
    with pytest.raises(Conflict, match="与消费者在线和解") as refused:
        cases.close_case(case=case, actor=supervisor, outcome="settled")
    assert refused.value.code == "unexplained"
    with pytest.raises(InvalidInput) as asked:
        clocks.explain(clock=missed, actor=supervisor, cause="", remedy=" ")
    assert set(asked.value.fields) == {"cause", "remedy"}
    with pytest.raises(NotAllowed):
        clocks.explain(clock=missed, actor=agent, cause="忙", remedy="加人")
    clocks.explain(clock=missed, actor=supervisor, cause="通知寄错地址", remedy="已电话和解")
    assert not LegalClock.objects.to_explain().exists()
    with pytest.raises(Conflict, match="已有说明"):
        clocks.explain(clock=missed, actor=supervisor, cause="改口", remedy="改口")
    assert cases.close_case(case=case, actor=supervisor, outcome="settled", note="退款").closed_at == clock.now()


@C33
def test_done_late_wants_cause_and_remedy_and_done_in_time_does_not(
    ticket: Ticket, agent: User, supervisor: User, frozen: Any
) -> None:
    row = start_clock(rule="refund.after_receipt", key="ticket:1", ticket=ticket, started_at=MONDAY_NINE, actor=agent)
    assert row.due_at == moment("2026-11-23 24:00")
    frozen.move_to(row.due_at + DAY)
    with pytest.raises(InvalidInput) as asked:
        clocks.meet(clock=row, actor=agent, at=row.due_at)
    assert set(asked.value.fields) == {"cause", "remedy"}
    done = clocks.meet(clock=row, actor=agent, at=row.due_at - SECOND)
    assert (done.missed_at, done.met_at) == (None, row.due_at - SECOND)
    with pytest.raises(Conflict, match="已经完成"):
        clocks.meet(clock=row, actor=agent)


@C33
def test_other_parts_begin_and_end_deadlines_under_their_key(ticket: Ticket, agent: User, frozen: Any) -> None:
    given = {"rule": "refund.redline", "key": "after_sales:7"}
    first = start_clock(ticket=ticket, started_at=MONDAY_NINE, actor=None, **given)
    assert start_clock(ticket=ticket, started_at=MONDAY_NINE, actor=None, **given) == first
    frozen.shift(DAY)
    done = meet_clock(at=clock.now(), actor=agent, **given)
    assert done is not None
    assert (done.met_at, done.missed_at) == (clock.now(), None)
    with pytest.raises(InvalidInput, match="未启用"):
        start_clock(rule="refund.unreceived", key="x", ticket=ticket, started_at=MONDAY_NINE, actor=None)


@C33
def test_what_was_missed_cannot_be_made_not_to_apply(ticket: Ticket, supervisor: User, frozen: Any) -> None:
    row = start_clock(rule="breach.cac", key="t", ticket=ticket, started_at=MONDAY_NINE, actor=supervisor)
    frozen.shift(4 * HOUR)
    fire_due(now=clock.now())
    with pytest.raises(Conflict, match="不能改为不适用"):
        clocks.drop(clock=row, actor=supervisor, reason="不想解释")


@C33
def test_a_rule_is_edited_and_running_deadlines_keep_their_number(open_case: Open, supervisor: User) -> None:
    case = open_case()
    rule = LegalRule.objects.get(code="authority.reply")
    with pytest.raises(InvalidInput) as refused:
        rules.save_rule(rule=rule, actor=supervisor, values={"unit": "hours"})
    assert set(refused.value.fields) == {"unit"}
    rules.save_rule(rule=LegalRule.objects.get(pk=rule.pk), actor=supervisor, values={"amount": 3, "warns": [2]})
    assert deadlines(case)["authority.reply"].due_at == moment("2026-11-18 24:00")
    assert deadlines(open_case())["authority.reply"].due_at == moment("2026-11-19 24:00")


@C33
def test_cases_of_others_are_not_seen(open_case: Open, other_agent: User, auditor: User, agent2: User) -> None:
    case = open_case()
    for person, sees in ((other_agent, False), (auditor, True), (agent2, True)):
        assert LegalCase.objects.visible_to(person).filter(pk=case.pk).exists() is sees
        assert LegalClock.objects.visible_to(person).filter(case=case).exists() is sees
    alone = open_case(ticket=None)
    assert not LegalCase.objects.visible_to(agent2).filter(pk=alone.pk).exists()
