"""Many tickets at once: what changes, what is left alone and why, taking it back, and answering an incident once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.outbox.delivery import deliver_due
from core.outbox.models import OutboxItem
from crm.staff.models import User
from crm.staff.services.tokens import issue_token
from crm.workbench.bulk import changing, replying
from crm.workbench.models import BulkChange, BulkReply, BulkReplyRow
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Ticket, TicketMessage
from tickets.services import intake, snoozing, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]
Make = Callable[..., Ticket]


@pytest.fixture
def offline(agent: User) -> None:
    """Nobody is dispatched to, so that tickets wait without an owner."""
    User.objects.update(availability="offline")


def change(actor: User, action: str, tickets: list[Ticket], **values: Any) -> BulkChange:
    ids = [ticket.pk for ticket in tickets]
    return changing.change_many(actor=actor, action=action, values=values, ticket_ids=ids, key=uuid4())


def outcomes(done: BulkChange) -> dict[str, str]:
    return dict(done.rows.values_list("ticket__number", "outcome"))


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_what_can_be_done_is_done_and_the_rest_says_why(
    agent: User, agent2: User, offline: None, make_ticket: Make
) -> None:
    first, second, solved = make_ticket("甲"), make_ticket("乙"), make_ticket("丙")
    transitions.solve(ticket=solved, actor=agent)
    done = change(agent, "assign", [first, second, solved], assignee=str(agent2.pk))
    assert outcomes(done) == {first.number: "changed", second.number: "changed", solved.number: "skipped"}
    assert "已解决" in done.rows.get(outcome="skipped").reason
    assert {fresh(first).assignee, fresh(second).assignee} == {agent2}
    event = Event.objects.get(kind="bulk.changed")
    assert (event.payload["changed"], event.payload["skipped"]) == (2, 1)


def test_tickets_out_of_sight_do_not_exist(agent: User, other_agent: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    done = change(other_agent, "priority", [ticket], priority="urgent")
    assert done.rows.count() == 0
    assert fresh(ticket).priority != "urgent"


@pytest.mark.parametrize(
    ("action", "values"),
    [("priority", {"priority": "urgent"}), ("tag", {"tag": "大促"}), ("solve", {}), ("move", {"queue": "presale"})],
)
def test_a_minute_long_it_can_be_taken_back(
    agent: User, other_agent: User, frozen: Any, make_ticket: Make, action: str, values: dict[str, str]
) -> None:
    ticket = make_ticket()
    before = fresh(ticket)
    done = change(agent, action, [ticket], **values)
    assert outcomes(done) == {ticket.number: "changed"}
    frozen.shift(59)
    changing.undo(change=done, actor=agent)
    after = fresh(ticket)
    assert outcomes(done) == {ticket.number: "undone"}
    for name in ("priority", "queue_id", "assignee_id", "status", "move_count"):
        assert getattr(after, name) == getattr(before, name), name
    assert not after.tags.exists()


@pytest.mark.parametrize("until", ["hour", "evening", "morning", "customer", "2026-11-18 09:00"])
def test_tickets_are_put_away_together_and_brought_back(
    agent: User, frozen: Any, make_ticket: Make, until: str
) -> None:
    shown, away, solved = make_ticket("甲"), make_ticket("乙"), make_ticket("丙")
    transitions.solve(ticket=solved, actor=agent)
    before = snoozing.snooze(ticket=away, actor=agent, until=clock.now() + timedelta(days=3)).snoozed_until
    done = change(agent, "snooze", [shown, away, solved], until=until)
    assert outcomes(done) == {shown.number: "changed", away.number: "changed", solved.number: "skipped"}
    assert (fresh(shown).snoozed_until is None) == (until == "customer")
    assert fresh(shown).snoozed_at is not None
    changing.undo(change=done, actor=agent)
    assert fresh(shown).snoozed_at is None
    assert fresh(away).snoozed_until == before


def test_who_woke_meanwhile_is_not_put_back(agent: User, frozen: Any, make_ticket: Make) -> None:
    ticket = make_ticket()
    done = change(agent, "snooze", [ticket], until="hour")
    snoozing.wake(ticket=ticket, actor=agent)
    changing.undo(change=done, actor=agent)
    assert outcomes(done) == {ticket.number: "kept"}
    for wrong in ("gestern", "2020-01-01 09:00"):
        with pytest.raises(InvalidInput) as refused:
            change(agent, "snooze", [ticket], until=wrong)
        assert "until" in refused.value.fields


def test_after_a_minute_it_stays(agent: User, frozen: Any, make_ticket: Make) -> None:
    done = change(agent, "priority", [make_ticket()], priority="urgent")
    frozen.shift(60)
    with pytest.raises(Conflict):
        changing.undo(change=done, actor=agent)


def test_taking_back_an_assignment_gives_the_ticket_to_whom_it_belonged(
    agent: User, agent2: User, offline: None, make_ticket: Make
) -> None:
    free, owned = make_ticket("甲"), make_ticket("乙")
    transitions.assign(ticket=owned, actor=agent)
    done = change(agent, "assign", [free, owned], assignee=str(agent2.pk))
    changing.undo(change=done, actor=agent)
    assert (fresh(free).assignee, fresh(free).status) == (None, "new")
    assert fresh(owned).assignee == agent


def test_what_has_gone_on_since_is_not_taken_back(agent: User, agent2: User, make_ticket: Make) -> None:
    ticket = make_ticket()
    done = change(agent, "solve", [ticket])
    transitions.reopen(ticket=ticket, actor=agent2, reason="客户来电")
    changing.undo(change=done, actor=agent)
    row = done.rows.get()
    assert (row.outcome, row.reason) == ("kept", "工单之后又有变动，未撤销。")
    assert fresh(ticket).reopen_count == 1


def test_only_one_s_own_and_only_once(agent: User, agent2: User, make_ticket: Make) -> None:
    done = change(agent, "priority", [make_ticket()], priority="urgent")
    with pytest.raises(NotAllowed):
        changing.undo(change=done, actor=agent2)
    changing.undo(change=done, actor=agent)
    with pytest.raises(Conflict):
        changing.undo(change=done, actor=agent)


def test_pressing_twice_does_it_once(agent: User, make_ticket: Make) -> None:
    key, ticket = uuid4(), make_ticket()
    first, second = (
        changing.change_many(actor=agent, action="tag", values={"tag": "甲"}, ticket_ids=[ticket.pk], key=key)
        for _n in range(2)
    )
    assert first == second
    assert BulkChange.objects.count() == 1


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [
        ("assign", {"assignee": "999999"}, "assignee"),
        ("move", {}, "queue"),
        ("priority", {"priority": "x"}, "priority"),
        ("tag", {"tag": "  "}, "tag"),
        ("delete", {}, "action"),
    ],
)
def test_a_fault_names_its_field(
    agent: User, make_ticket: Make, action: str, values: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as fault:
        change(agent, action, [make_ticket()], **values)
    assert field in fault.value.fields
    assert BulkChange.objects.count() == 0


def test_nothing_chosen_and_too_many_are_told(agent: User) -> None:
    for ids in ([], list(range(1, changing.MOST + 2))):
        with pytest.raises(InvalidInput) as fault:
            changing.change_many(actor=agent, action="solve", values={}, ticket_ids=ids, key=uuid4())
        assert "tickets" in fault.value.fields


def test_the_list_says_what_was_done_and_offers_to_take_it_back(agent: User, frozen: Any, make_ticket: Make) -> None:
    kept, solved = make_ticket("甲"), make_ticket("乙")
    transitions.solve(ticket=solved, actor=agent)
    page = browser(agent)
    answer = page.post(
        "/tickets/bulk/priority/?order=oldest",
        {"tickets": [kept.pk, solved.pk], "priority": "urgent", "key": str(uuid4())},
        follow=True,
    )
    shown = text(answer)
    assert "改优先级：已处理 2 张" in shown
    done = BulkChange.objects.get()
    assert f"/tickets/bulk/{done.pk}/undo/?order=oldest" in shown
    assert "已撤销 2 张" in text(page.post(f"/tickets/bulk/{done.pk}/undo/?order=oldest", follow=True))


def test_everything_that_matches_can_be_meant(agent: User, make_ticket: Make) -> None:
    complaints = [make_ticket(f"碎了{n}", type="complaint") for n in range(3)]
    other = make_ticket("在吗", type="consultation")
    browser(agent).post("/tickets/bulk/tag/?type=complaint", {"all": "1", "tag": "批次问题", "key": str(uuid4())})
    assert all(fresh(ticket).tags.filter(name="批次问题").exists() for ticket in complaints)
    assert not fresh(other).tags.exists()


def test_an_auditor_has_no_bar(auditor: User, make_ticket: Make) -> None:
    make_ticket()
    page = browser(auditor)
    assert "bulk-form" not in text(page.get("/tickets/"))
    assert page.post("/tickets/bulk/solve/", {"all": "1"}).status_code == 403


# An incident --------------------------------------------------------------------------------

INCIDENT = "{{customer_name}}您好，订单 {{order_no}} 的物流今天恢复。"


@pytest.fixture
def affected(make_ticket: Make) -> list[Ticket]:
    """Two tickets with an order, one without, all of one customer."""
    return [
        make_ticket("没到1", order_no="A1"),
        make_ticket("没到2", order_no="A2"),
        make_ticket("没到3"),
    ]


def send(actor: User, tickets: list[Ticket], body: str = INCIDENT) -> BulkReply:
    return replying.reply_many(actor=actor, body=body, ticket_ids=[ticket.pk for ticket in tickets], key=uuid4())


def replies(ticket: Ticket) -> list[str]:
    return [message.body for message in TicketMessage.objects.filter(ticket=ticket, kind="reply")]


def test_each_ticket_gets_its_own_words_and_what_cannot_be_filled_is_listed(lead: User, affected: list[Ticket]) -> None:
    bulk = send(lead, affected)
    assert not any(replies(ticket) for ticket in affected)
    deliver_due()
    assert replies(affected[0]) == ["陈女士您好，订单 A1 的物流今天恢复。"]
    assert replies(affected[1]) == ["陈女士您好，订单 A2 的物流今天恢复。"]
    assert replies(affected[2]) == []
    row = bulk.rows.get(ticket=affected[2])
    assert (row.state, row.reason) == ("unfilled", "缺少：订单号")
    progress = replying.progress_of(bulk)
    assert (progress.total, progress.sent, progress.failed, progress.is_done) == (3, 2, 1, True)


def test_delivered_again_nothing_is_sent_twice(lead: User, affected: list[Ticket]) -> None:
    bulk = send(lead, affected[:1])
    deliver_due()
    row = bulk.rows.get()
    replying.send_row(row.pk)
    OutboxItem.objects.filter(kind=replying.KIND).update(state="ready")
    deliver_due()
    assert len(replies(affected[0])) == 1


def test_a_worker_that_dies_before_noting_it_leaves_nothing_half_done(
    lead: User, affected: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = send(lead, affected[:1])

    def dies(self: BulkReplyRow, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the worker is gone")

    with monkeypatch.context() as patch:
        patch.setattr(BulkReplyRow, "save", dies)
        with pytest.raises(RuntimeError):
            replying.send_row(bulk.rows.get().pk)
    assert replies(affected[0]) == []
    replying.send_row(bulk.rows.get().pk)
    assert len(replies(affected[0])) == 1


def test_a_ticket_closed_meanwhile_is_listed_with_the_reason(lead: User, affected: list[Ticket]) -> None:
    bulk = send(lead, affected[:2])
    transitions.cancel(ticket=affected[0], actor=lead, reason="客户撤回")
    deliver_due()
    row = bulk.rows.get(ticket=affected[0])
    assert (row.state, row.reason) == ("refused", "工单已关闭，请先重开。")
    assert len(replies(affected[1])) == 1
    page = text(browser(lead).get(f"/tickets/reply/{bulk.pk}/"))
    assert "工单已关闭" in page
    assert "hx-get" not in page.split('id="reply-state"')[1].split("w-preview")[0]


def test_pressing_send_twice_makes_one_bulk(lead: User, affected: list[Ticket]) -> None:
    page, key = browser(lead), str(uuid4())
    form = {"tickets": [ticket.pk for ticket in affected], "body": INCIDENT, "step": "send", "key": key}
    first, second = page.post("/tickets/reply/", form), page.post("/tickets/reply/", form)
    assert first.url == second.url
    assert BulkReply.objects.count() == 1


def test_the_preview_shows_filled_texts_and_what_is_missing(lead: User, affected: list[Ticket]) -> None:
    form = {"tickets": [ticket.pk for ticket in affected], "body": INCIDENT, "step": "preview", "key": str(uuid4())}
    page = text(browser(lead).post("/tickets/reply/", form))
    assert "订单 A1 的物流今天恢复" in page
    assert "1 张无法填充" in page
    assert "发送 2 条" in page
    assert BulkReply.objects.count() == 0


def test_an_unknown_placeholder_is_refused_beside_the_text(lead: User, affected: list[Ticket]) -> None:
    form = {"tickets": [affected[0].pk], "body": "您好 {{passwort}}", "step": "send", "key": str(uuid4())}
    assert "未知占位符" in text(browser(lead).post("/tickets/reply/", form))
    assert BulkReply.objects.count() == 0


def test_agents_do_not_reply_in_bulk_and_others_do_not_see_it(
    agent: User, lead: User, supervisor: User, affected: list[Ticket]
) -> None:
    with pytest.raises(NotAllowed):
        send(agent, affected)
    bulk = send(lead, affected)
    assert browser(supervisor).get(f"/tickets/reply/{bulk.pk}/").status_code == 404
    assert browser(lead).get(f"/tickets/reply/{bulk.pk}/").status_code == 200


def test_more_than_500_are_refused(lead: User, desk: Desk) -> None:
    ids = list(range(1, replying.MOST + 2))
    with pytest.raises(InvalidInput) as fault:
        replying.reply_many(actor=lead, body="您好", ticket_ids=ids, key=uuid4())
    assert "tickets" in fault.value.fields


def test_a_customer_without_a_name_is_not_addressed_by_a_hole(lead: User, make_ticket: Make) -> None:
    ticket = make_ticket("没到", customer=intake.CustomerGiven(phone="13900139001"), order_no="A9")
    bulk = send(lead, [ticket])
    assert bulk.rows.get().reason == "缺少：客户称呼"


def test_over_the_api(lead: User, affected: list[Ticket], client: Any) -> None:
    _row, token = issue_token(user=lead, name="t", actor=lead)
    head = {"HTTP_AUTHORIZATION": f"Token {token}", "content_type": "application/json"}
    ids = [ticket.pk for ticket in affected]
    made = client.post("/api/v1/bulk-changes/", {"action": "tag", "tickets": ids, "tag": "物流"}, **head)
    assert made.status_code == 201
    assert [row["outcome"] for row in made.json()["rows"]] == ["changed"] * 3
    undone = client.post(f"/api/v1/bulk-changes/{made.json()['id']}/undo/", {}, **head).json()
    assert ({row["outcome"] for row in undone["rows"]}, undone["can_undo"]) == ({"undone"}, False)
    wrong = client.post("/api/v1/bulk-changes/", {"action": "tag", "tickets": ids}, **head)
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["tag"])
    sent = client.post("/api/v1/bulk-replies/", {"tickets": ids, "body": INCIDENT}, **head)
    assert sorted(row["state"] for row in sent.json()["rows"]) == ["unfilled", "waiting", "waiting"]
