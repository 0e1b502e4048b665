"""C29, G14: offering step by step between the statutory minimum and the ceiling."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core.approvals.services import decide
from core.errors import Conflict, DomainError, InvalidInput
from core.versions import services as versions
from crm.staff.models import User
from tickets.models import Compensation, Ladder, Negotiation, NegotiationOffer, Ticket
from tickets.negotiation import demands, ladders, talks
from tickets.negotiation.rungs import Rung, RungFault, amounts, read_rungs
from tickets.services import compensations

pytestmark = [pytest.mark.capability("G14"), pytest.mark.capability("C29")]

#: 40.00 is the calculated sum, nothing the minimum; the general ladder goes to 40 + 5 % of 400.
GOODWILL = {"case": "C-22", "inputs": {"P": "400", "severity": "0.10", "responsibility": "1"}}


def d(text: str) -> Decimal:
    return Decimal(text)


def test_rungs_lie_between_minimum_and_sum_and_never_below() -> None:
    rungs = (Rung(d("0"), d("0")), Rung(d("0.5"), d("0")), Rung(d("1"), d("0.1")))
    found = amounts(rungs, floor=d("10"), total=d("20"), price=d("100"), cap=None)
    assert found == [d("10.00"), d("15.00"), d("30.00")]
    assert amounts(rungs, floor=d("60"), total=d("60"), price=d("0"), cap=None) == [d("60.00")] * 3
    assert amounts(rungs, floor=d("10"), total=d("20"), price=d("100"), cap=d("25"))[-1] == d("25")
    # A cap below what is owed takes nothing of it away.
    assert amounts(rungs, floor=d("10"), total=d("20"), price=d("100"), cap=d("5"))[-1] == d("20.00")


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ([{"share": "1"}], 0),
        ([{"share": "0.5"}, {"share": "0.4"}], 2),
        ([{"share": "0"}, {"share": "1.0001"}], 2),
        ([{"share": "-0.1"}, {"share": "1"}], 1),
        ([{"share": True}, {"share": "1"}], 1),
        ([{"share": "0"}, {"share": "NaN"}], 2),
        ([{"share": "0"}, {"share": "1", "bonus": 1}], 2),
        ([{"share": "0", "words": "字" * 301}, {"share": "1"}], 1),
        ("x", 0),
    ],
)
def test_a_wrong_ladder_names_its_rung(raw: Any, number: int) -> None:
    with pytest.raises(RungFault) as fault:
        read_rungs(raw)
    assert fault.value.number == number


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("鱼死了", type="complaint", category="商品质量问题")


def begin(ticket: Ticket, actor: User, given: dict[str, Any] = GOODWILL) -> Negotiation:
    return talks.open_negotiation(ticket=ticket, actor=actor, **given)


@pytest.mark.django_db
def test_the_first_offer_is_not_below_the_statutory_minimum_to_the_cent(complaint: Ticket, supervisor: User) -> None:
    held = begin(complaint, supervisor, {"case": "C-03", "inputs": {"P": "80.00"}})
    assert held.floor == d("80.00")
    with pytest.raises(InvalidInput) as refused:
        talks.make_offer(negotiation=held, actor=supervisor, amount=d("79.99"))
    assert refused.value.code == "below_floor"
    assert talks.make_offer(negotiation=held, actor=supervisor, amount=d("80.00")).state == "offered"


@pytest.mark.django_db
def test_above_the_ceiling_needs_a_reason_and_somebody_else(complaint: Ticket, agent: User, supervisor: User) -> None:
    held = begin(complaint, agent, {"case": "C-22", "inputs": {"P": "200", "severity": "0.10", "responsibility": "1"}})
    assert (held.floor, held.ceiling) == (d("0.00"), d("30.00"))
    assert [d(one) for one in held.amounts] == [d("8.00"), d("14.00"), d("30.00")]
    with pytest.raises(InvalidInput) as refused:
        talks.make_offer(negotiation=held, actor=agent, amount=d("30.01"))
    assert (refused.value.code, "reason" in refused.value.fields) == ("above_ceiling", True)
    offer = talks.make_offer(negotiation=held, actor=agent, amount=d("30.01"), reason="客户多次投诉")
    assert offer.state == "waiting"
    with pytest.raises(Conflict):
        talks.answer_offer(offer=offer, actor=agent, answer="accepted")
    assert offer.approval is not None
    decide(request=offer.approval, actor=supervisor, approve=True)
    talks.answer_offer(offer=offer, actor=agent, answer="accepted")
    [granted] = Compensation.objects.all()
    assert (granted.amount, granted.status, granted.negotiation) == (d("30.01"), "granted", held)


@pytest.mark.django_db
def test_a_refused_offer_was_never_made(complaint: Ticket, agent: User, supervisor: User) -> None:
    held = begin(complaint, agent)
    offer = talks.make_offer(negotiation=held, actor=agent, amount=d("99.00"), reason="客户多次投诉")
    assert offer.approval is not None
    decide(request=offer.approval, actor=supervisor, approve=False)
    offer.refresh_from_db()
    assert (offer.state, talks.next_amount(held)) == ("refused", d("16.00"))
    assert talks.make_offer(negotiation=held, actor=agent, amount=d("16.00")).number == 2


@pytest.mark.django_db
def test_within_the_ceiling_but_above_ones_authority_needs_approval(complaint: Ticket, agent: User) -> None:
    held = begin(complaint, agent, {"case": "C-03", "inputs": {"P": "80.00"}})
    offer = talks.make_offer(negotiation=held, actor=agent, amount=d("80.00"), reason="法定金额")
    assert (offer.state, offer.approval is not None) == ("waiting", True)


@pytest.mark.django_db
def test_offers_go_up_one_at_a_time_with_the_customers_answer(complaint: Ticket, agent: User) -> None:
    demands.record_demand(ticket=complaint, actor=agent, amount=d("100"), remedy="compensation")
    held = begin(complaint, agent)
    assert (held.demanded, talks.next_amount(held)) == (d("100"), d("16.00"))
    first = talks.make_offer(negotiation=held, actor=agent, amount=d("16.00"))
    with pytest.raises(Conflict) as waiting:
        talks.make_offer(negotiation=held, actor=agent, amount=d("28.00"))
    assert waiting.value.code == "unanswered"
    talks.answer_offer(offer=first, actor=agent, answer="declined", words="太少了", countered=d("50"))
    with pytest.raises(InvalidInput) as lower:
        talks.make_offer(negotiation=held, actor=agent, amount=d("15.99"))
    assert lower.value.code == "below_last"
    second = talks.make_offer(negotiation=held, actor=agent, amount=d("28.00"))
    talks.answer_offer(offer=second, actor=agent, answer="accepted")
    held.refresh_from_db()
    assert held.compensation is not None
    assert (held.state, held.compensation.amount) == ("agreed", d("28.00"))
    rows = NegotiationOffer.objects.order_by("number").values_list("number", "state", "countered")
    assert list(rows) == [(1, "declined", d("50.00")), (2, "accepted", None)]
    with pytest.raises(Conflict):
        talks.make_offer(negotiation=held, actor=agent, amount=d("30"))


@pytest.mark.django_db
def test_walking_away_says_why_and_another_may_begin(complaint: Ticket, agent: User) -> None:
    held = begin(complaint, agent)
    with pytest.raises(Conflict):
        begin(complaint, agent)
    with pytest.raises(InvalidInput):
        talks.walk_away(negotiation=held, actor=agent, note=" ")
    assert talks.walk_away(negotiation=held, actor=agent, note="要求远超上限").state == "walked_away"
    assert begin(complaint, agent).state == "open"


@pytest.mark.django_db
def test_the_categorys_published_ladder_holds_and_a_running_one_keeps_its_own(
    complaint: Ticket, make_ticket: Callable[..., Ticket], agent: User, lead: User, supervisor: User
) -> None:
    before = begin(complaint, agent)
    made = ladders.create_ladder(actor=lead, key="quality", title="质量", category="商品质量问题")
    with pytest.raises(InvalidInput) as wrong:
        ladders.draft(ladder=made, actor=lead, rungs=[{"share": "1"}])
    assert "rungs" in wrong.value.fields
    draft = ladders.draft(ladder=made, actor=lead, rungs=[{"share": "0"}, {"share": "1", "extra": "0.2"}])
    other = make_ticket("又死了", type="complaint", category="商品质量问题")
    assert ladders.ladder_for("商品质量问题").item.key == "general"
    for verb, person in (("submit", lead), ("approve", supervisor), ("publish", supervisor)):
        getattr(versions, verb)(version=draft, actor=person)
    assert begin(other, agent).ceiling == d("120.00")
    before.refresh_from_db()
    assert (before.ceiling, before.version.item.key) == (d("60.00"), "general")
    with pytest.raises(Conflict):
        ladders.create_ladder(actor=lead, key="again", title="质量", category="商品质量问题")
    assert Ladder.objects.count() == 2


@pytest.mark.django_db
def test_a_category_has_one_ladder_also_when_two_are_made_at_once(lead: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ladders.create_ladder(actor=lead, key="quality", title="质量", category="商品质量问题")
    other = ladders.create_ladder(actor=lead, key="other", title="其他", category="其他")

    def refused() -> list[str]:
        found: list[str] = []
        for work in (
            lambda: ladders.create_ladder(actor=lead, key="again", title="质量", category="商品质量问题"),
            lambda: ladders.update_ladder(ladder=other, actor=lead, changes={"category": "商品质量问题"}),
        ):
            with pytest.raises(Conflict) as double:
                work()
            found += double.value.fields
        return found

    assert refused() == ["category", "category"]
    # Somebody else was faster than the look.
    monkeypatch.setattr(ladders, "_refuse_taken", lambda *_given: None)
    assert refused() == ["category", "category"]


@pytest.mark.django_db
def test_the_built_in_ladder_finds_room_beside_one_that_took_its_key(lead: User) -> None:
    ladders.create_ladder(actor=lead, key="general", title="质量", category="商品质量问题")
    version = ladders.ladder_for("其他")
    assert (version.item.category, ladders.ladder_for("物流")) == ("", version)


@pytest.mark.django_db
def test_a_refusal_of_the_money_takes_the_answer_back(complaint: Ticket, supervisor: User) -> None:
    held = begin(complaint, supervisor, {"case": "C-04", "inputs": {"P": "50.00"}})
    offer = talks.make_offer(negotiation=held, actor=supervisor, amount=held.ceiling)
    compensations.grant(
        ticket=complaint, actor=supervisor, case="C-04", inputs={"P": "50"}, amount=d("500.00"), note="先行赔付"
    )
    with pytest.raises(DomainError):
        talks.answer_offer(offer=offer, actor=supervisor, answer="accepted")
    offer.refresh_from_db()
    assert offer.state == "offered"
