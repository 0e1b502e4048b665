"""Guided diagnosis on a ticket (D17): versions, the way taken, the application it leads to, and counts."""

from collections.abc import Callable

import pytest

from core.errors import Conflict, InvalidInput
from core.versions import services as versions
from crm.staff.models import User
from knowledge.choices import DiagnosisOutcome
from knowledge.diagnosis.trees import create_tree
from knowledge.models import DiagnosisTree
from tests.products import STEPS, make_tree
from tests.tickets.aftersales import dress, place_order
from tickets.aftersales_choices import AfterSalesKind
from tickets.models import Ticket
from tickets.services import diagnosis

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D17")]
Make = Callable[..., Ticket]


def test_a_tree_with_a_fault_stays_a_draft_and_the_step_is_named(lead: User) -> None:
    tree = create_tree(actor=lead, key="T1", title="不通电")
    broken = [*STEPS[:4], {"key": "5", "text": "然后呢？"}]
    version = versions.draft_version(item=tree, actor=lead, body="不通电", steps=broken)
    with pytest.raises(InvalidInput) as refused:
        versions.submit(version=version, actor=lead)
    assert refused.value.code == "unfinished"
    assert "步骤 5" in refused.value.fields["steps"][0]
    versions.edit_draft(version=version, actor=lead, changes={"steps": STEPS})
    versions.submit(version=version, actor=lead)


def test_the_way_taken_is_kept_with_the_version_it_was_taken_in(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_tree(author=lead, reviewer=supervisor)
    ticket = make_ticket()
    run = diagnosis.start(ticket=ticket, actor=agent, tree=version.item)
    assert diagnosis.start(ticket=ticket, actor=agent, tree=version.item) == run
    with pytest.raises(InvalidInput) as refused:
        diagnosis.answer(run=run, actor=agent, step="1", choice="也许")
    assert list(refused.value.fields) == ["choice"]
    diagnosis.answer(run=run, actor=agent, step="1", choice="不能")
    with pytest.raises(Conflict) as moved:
        diagnosis.answer(run=run, actor=agent, step="1", choice="能")
    assert moved.value.code == "moved_on"
    run = diagnosis.answer(run=run, actor=agent, step="3", choice="有")
    assert (run.outcome, run.is_finished, run.step) == ("repair", True, "")
    assert [(one["step"], one["answer"]) for one in run.path] == [("1", "不能"), ("3", "有")]
    run = diagnosis.go_back(run=run, actor=agent)
    assert (run.outcome, run.step, len(run.path)) == ("", "3", 1)


def test_a_finished_run_leads_to_a_filled_in_application_once(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_tree(author=lead, reviewer=supervisor)
    ticket = make_ticket()
    order = place_order(ticket)
    run = diagnosis.start(ticket=ticket, actor=agent, tree=version.item)
    diagnosis.answer(run=run, actor=agent, step="1", choice="不能")
    run = diagnosis.answer(run=run, actor=agent, step="3", choice="有")
    wanted = diagnosis.proposal(run)
    assert wanted is not None
    assert (wanted.kind, wanted.reason) == ("repair", "quality")
    made = diagnosis.apply(
        run=run, actor=agent, order=order, order_item=dress(order), category="clothing", has_evidence=True
    )
    assert (made.kind, made.details["fault"]) == ("repair", "手机开不了机：人为损坏，付费维修")
    assert "充电后能开机吗？ 不能" in made.note
    run.refresh_from_db()
    assert run.aftersales == made
    with pytest.raises(Conflict):
        diagnosis.apply(run=run, actor=agent, order=order, order_item=dress(order))
    with pytest.raises(Conflict):
        diagnosis.go_back(run=run, actor=agent)


def test_outcomes_are_counted_over_all_versions_of_a_tree(
    make_ticket: Make, agent: User, lead: User, supervisor: User
) -> None:
    version = make_tree(author=lead, reviewer=supervisor)
    for answers in (["能"], ["能"], ["不能", "没有"], []):
        run = diagnosis.start(ticket=make_ticket(), actor=agent, tree=version.item)
        for choice in answers:
            run = diagnosis.answer(run=run, actor=agent, step=run.step, choice=choice)
    counted = {one.outcome: one.runs for one in diagnosis.outcomes_of(version.item)}
    assert counted == {"solved": 2, "exchange": 1, "": 1}
    solved = run.version.runs.filter(outcome="solved").first()
    assert solved is not None
    assert diagnosis.proposal(solved) is None


def test_trees_of_the_product_come_first(make_ticket: Make, lead: User, supervisor: User) -> None:
    general = make_tree(author=lead, reviewer=supervisor).item
    own = make_tree(author=lead, reviewer=supervisor, key="P2").item
    other = make_tree(author=lead, reviewer=supervisor, key="P3").item
    DiagnosisTree.objects.filter(pk=own.pk).update(product="PHONE-1")
    DiagnosisTree.objects.filter(pk=other.pk).update(product="TV-1")
    assert [tree.pk for tree in diagnosis.trees_for(make_ticket(product="PHONE-1"))] == [own.pk, general.pk]


def test_outcomes_are_those_of_after_sales() -> None:
    assert set(DiagnosisOutcome.values) - {DiagnosisOutcome.SOLVED} <= set(AfterSalesKind.values)
