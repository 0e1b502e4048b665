"""Conversations are drawn for quality checks, complaints more often; the same ones whoever reckons it (C16)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from core import clock
from core.conditions import ConditionError
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event, run_consumers
from core.questionnaires.questions import parse_questions
from crm.performance import services
from crm.performance.drawing import DRAWN_WITHIN, draw, ensure_rules
from crm.performance.models import QualitySample, SamplingCount, SamplingRule
from crm.performance.presets import QUESTIONS
from crm.performance.sampling import is_drawn, share_of
from crm.staff.models import User
from crm.staff.services import issue_token
from tests.workbench.conftest import browser, desk, make_ticket, text
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = pytest.mark.capability("C16")
GOOD = {"opening": 5, "understanding": 4, "solution": 5, "process": 3, "wording": 5, "comment": "先安抚，很好"}


@pytest.mark.parametrize("rate", [Decimal("0.2"), Decimal("0.03")])
def test_the_rate_holds_over_two_thousand_tickets_and_again_the_same(rate: Decimal) -> None:
    tickets = range(1, 2001)
    drawn = [ticket for ticket in tickets if is_drawn(rule=1, ticket=ticket, rate=rate)]
    again = [ticket for ticket in tickets if is_drawn(rule=1, ticket=ticket, rate=rate)]
    expected, spread = 2000 * float(rate), (2000 * float(rate) * (1 - float(rate))) ** 0.5
    assert drawn == again
    assert abs(len(drawn) - expected) < 3 * spread


def test_a_higher_rate_keeps_what_a_lower_one_drew_and_rules_draw_apart() -> None:
    few = {n for n in range(2000) if is_drawn(rule=1, ticket=n, rate=Decimal("0.03"))}
    many = {n for n in range(2000) if is_drawn(rule=1, ticket=n, rate=Decimal("0.2"))}
    other = {n for n in range(2000) if is_drawn(rule=2, ticket=n, rate=Decimal("0.2"))}
    assert few < many
    assert len(many & other) < len(many) / 2
    assert not any(is_drawn(rule=1, ticket=n, rate=Decimal(0)) for n in range(2000))
    assert all(is_drawn(rule=1, ticket=n, rate=Decimal(1)) for n in range(2000))
    assert share_of(rule=1, ticket=1) == share_of(rule=1, ticket=1)


def closed(*tickets: Ticket, at: Any = None) -> list[Event]:
    from core.events import EventData, record_events

    return record_events(
        [
            EventData(kind="ticket.closed", subject_type="ticket", subject_id=one.pk, actor=None, at=at)
            for one in tickets
        ]
    )


@pytest.fixture
def rules(db: None) -> dict[str, SamplingRule]:
    ensure_rules()
    return {rule.name: rule for rule in SamplingRule.objects.all()}


@pytest.fixture
def sample(desk: Any, make_ticket: Any, rules: Any, agent: User) -> QualitySample:
    SamplingRule.objects.update(rate=1)
    ticket = make_ticket("杯子碎了", type="complaint")
    Ticket.objects.filter(pk=ticket.pk).update(assignee=agent)
    [drawn] = draw(closed(ticket))
    return drawn


def test_complaints_are_drawn_at_a_fifth_and_the_rest_at_three_percent(rules: dict[str, SamplingRule]) -> None:
    assert {name: (rule.rate, rule.condition) for name, rule in rules.items()} == {
        "投诉会话": (Decimal("0.2"), {"field": "type", "op": "eq", "value": "complaint"}),
        "其他会话": (Decimal("0.03"), {}),
    }


def test_every_closing_is_drawn_once_by_the_first_rule_and_counted(desk: Any, make_ticket: Any, rules: Any) -> None:
    complaint, rule = make_ticket("杯子碎了", type="complaint"), rules["投诉会话"]
    question = make_ticket("几点发货", type="consultation")
    services.save_rule(rule=rule, actor=None, values={"rate": Decimal(1)})
    services.save_rule(rule=rules["其他会话"], actor=None, values={"rate": Decimal(0)})
    closed(complaint, question, complaint)
    run_consumers()
    closed(complaint)  # opened again and closed again: it was looked at before
    run_consumers()
    assert [(one.ticket_id, one.rule, one.rate) for one in QualitySample.objects.all()] == [
        (complaint.pk, rule, Decimal(1))
    ]
    assert list(SamplingCount.objects.order_by("rule").values_list("rule__name", "closed", "drawn")) == [
        ("投诉会话", 1, 1),
        ("其他会话", 1, 0),
    ]
    assert [row.share for row in services.rates()] == [1.0, 0.0]


def test_old_closings_are_history(desk: Any, make_ticket: Any, rules: Any) -> None:
    SamplingRule.objects.update(rate=1)
    assert draw(closed(make_ticket("旧事"), at=clock.now() - DRAWN_WITHIN - timedelta(seconds=1))) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field"),
    [({"rate": Decimal("1.01")}, "rate"), ({"position": 10, "rate": 0, "name": "另一条"}, "position")],
)
def test_wrong_rules_are_refused_by_name(rules: Any, values: dict[str, Any], field: str) -> None:
    given = {"name": "新规则", "position": 7, "condition": {}, "rate": Decimal("0.5"), **values}
    with pytest.raises((InvalidInput, Conflict)) as refused:
        services.save_rule(rule=None, actor=None, values=given)
    assert set(refused.value.fields) == {field}
    with pytest.raises(ConditionError):
        services.save_rule(rule=None, actor=None, values=given | {"condition": {"field": "moon", "op": "eq"}})


def test_the_score_is_percent_of_what_could_be_had() -> None:
    questions = parse_questions(QUESTIONS)
    assert services.percent_of(questions, dict.fromkeys(GOOD, 5)) == Decimal(100)
    assert services.percent_of(questions, dict.fromkeys(GOOD, 1)) == Decimal(0)
    assert services.percent_of(questions, GOOD) == Decimal("85.0")


def test_a_check_is_made_once_by_somebody_else(sample: QualitySample, agent: User, lead: User) -> None:
    with pytest.raises(NotAllowed):
        services.check(sample=sample, actor=agent, answers=GOOD)
    with pytest.raises(InvalidInput) as refused:
        services.check(sample=sample, actor=lead, answers={"opening": 9})
    assert set(refused.value.fields) == {"opening", "understanding", "solution", "process", "wording"}
    checked = services.check(sample=sample, actor=lead, answers=GOOD)
    assert (checked.state, checked.score, checked.checker) == ("checked", Decimal("85.0"), lead)
    assert Event.objects.get(kind="quality.checked").audience == [f"user:{agent.pk}"]
    with pytest.raises(Conflict, match="已经质检过"):
        services.check(sample=sample, actor=lead, answers=GOOD)


def test_nobody_checks_their_own_conversation(sample: QualitySample, lead: User) -> None:
    QualitySample.objects.filter(pk=sample.pk).update(person=lead)
    with pytest.raises(Conflict, match="要由别人"):
        services.check(sample=sample, actor=lead, answers=GOOD)


def test_people_check_and_see_their_own_results(
    sample: QualitySample, agent: User, lead: User, other_agent: User
) -> None:
    address = f"/quality/{sample.pk}/"
    assert browser(agent).get(address).status_code == 404
    checker = browser(lead)
    assert "投诉会话" in text(checker.get("/quality/"))
    assert "请回答这个问题" in text(checker.post(address, {"opening": "5", "comment": "先安抚"}), 400)
    assert "85.0" in text(checker.post(address, GOOD, follow=True))
    own = browser(agent)
    assert sample.ticket.number in text(own.get("/quality/"))
    assert "先安抚，很好" in text(own.get(address))
    assert sample.ticket.number not in text(browser(other_agent).get("/quality/"))


def test_another_system_sets_rules_and_checks(sample: QualitySample, supervisor: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=supervisor, name='t', actor=supervisor)[1]}")
    rule = {
        "name": "退款",
        "position": 5,
        "condition": {"field": "category", "op": "eq", "value": "退款"},
        "rate": "0.5",
    }
    assert client.post("/api/v1/sampling-rules/", rule, format="json").status_code == 201
    bad = client.post("/api/v1/sampling-rules/", rule | {"rate": "2", "condition": {"field": "x"}}, format="json")
    assert (bad.status_code, set(bad.json()["fields"])) == (400, {"rate", "condition"})
    [rate, *_others] = client.get("/api/v1/sampling-rules/rates/").json()
    assert (rate["name"], rate["share"]) == ("退款", None)
    wrong = client.post(f"/api/v1/quality-samples/{sample.pk}/check/", {"answers": {"opening": "x"}}, format="json")
    assert (wrong.status_code, "opening" in wrong.json()["fields"]) == (400, True)
    done = client.post(f"/api/v1/quality-samples/{sample.pk}/check/", {"answers": GOOD}, format="json")
    assert (done.status_code, done.json()["score"], done.json()["comment"]) == (200, "85.0", "先安抚，很好")
    assert client.get("/api/v1/quality-samples/?state=checked").json()["results"][0]["answers"]["process"] == 3
