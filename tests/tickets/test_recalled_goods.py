"""Recalls follow after-sales by themselves (D11), and a notice that came back is seen and told another way."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as sent

from core import clock
from core.calendars.services import load_public_holidays
from core.events import run_consumers
from core.outbox import deliver_due
from crm.staff.models import User
from customers.models import Order, OrderItem, Outreach, Recall, RecallOrder
from customers.recalls import progress, running
from tests.tickets.aftersales import apply, inspected, media, place_order  # noqa: F401 (fixture)
from tests.tickets.mails import mail, multipart, part
from tests.workbench.conftest import browser, text
from tickets import configuration
from tickets.models import Channel, Ticket
from tickets.services import refunds
from tickets.services.aftersales import deciding
from tickets.services.email import receive_mail

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("desk", "frozen", "media"),
    pytest.mark.capability("D11"),
]
Make = Callable[..., Ticket]
REPORT = "Reporting-MTA: dns; mx.qq.com\r\n\r\nFinal-Recipient: rfc822; a@qq.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"


def _recall(order: Order, supervisor: User, *, sku: str = "MUG") -> RecallOrder:
    load_public_holidays()
    OrderItem.objects.filter(order=order, sku=sku).update(batch="B1")
    values: dict[str, Any] = {
        "title": "马克杯", "sku": sku, "batches": ["B1"], "reason": "杯柄可能断裂", "our_role": "seller",
        "remedy": "refund", "instructions": "停止使用", "channels": ["email"], "discovered_at": clock.now(),
    }  # fmt: skip
    recall = running.create_recall(actor=supervisor, values=values)
    running.start_recall(recall=recall, actor=supervisor)
    return RecallOrder.objects.get(recall=recall)


def _mugs(ticket: Ticket, agent: User, order: Order, quantity: int) -> Any:
    mug = order.items.get(sku="MUG")
    wish = {"category": "toys", "reason": "quality"}
    request = inspected(apply(ticket, agent, order, item=mug, quantity=quantity, **wish), agent)
    return deciding.decide(request=request, actor=agent, amount=Decimal(50) * quantity)


def test_goods_that_came_back_and_money_that_went_out_move_the_recall(
    make_ticket: Make, agent: User, supervisor: User, frozen: Any
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    row = _recall(order, supervisor)
    first = _mugs(ticket, agent, order, 1)
    run_consumers()
    row.refresh_from_db()
    assert (row.returned_at, row.remedied_at) == (None, None)  # One of two mugs.
    frozen.shift(3600)
    second = _mugs(ticket, agent, order, 1)
    run_consumers()
    row.refresh_from_db()
    assert (row.returned_at, row.remedied_at) == (second.received_at, None)
    for request in (first, second):
        refunds.pay(refund=request.refunds.get(), actor=agent)
    run_consumers()
    run_consumers()
    row.refresh_from_db()
    assert row.remedied_at == clock.now()
    assert f"#{first.pk}" in row.note
    assert progress.progress_of(row.recall).shares()["remedied"] == 1


def test_other_goods_and_withdrawn_requests_move_nothing_and_a_hand_note_stays(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    row = _recall(order, supervisor)
    inspected(apply(ticket, agent, order), agent)  # The dress.
    run_consumers()
    row.refresh_from_db()
    assert row.returned_at is None
    progress.mark_order(recall_order=row, actor=agent, step="returned", note="客户自行送到门店")
    by_hand = RecallOrder.objects.get(pk=row.pk)
    refunds.pay(refund=_mugs(ticket, agent, order, 2).refunds.get(), actor=agent)
    run_consumers()
    row.refresh_from_db()
    assert (row.returned_at, row.note, row.handled_by) == (by_hand.returned_at, "客户自行送到门店", agent)
    assert row.remedied_at is not None


def test_what_was_made_good_before_the_recall_began_counts_from_its_start(
    make_ticket: Make, agent: User, supervisor: User
) -> None:
    ticket = make_ticket()
    order = place_order(ticket)
    refunds.pay(refund=_mugs(ticket, agent, order, 2).refunds.get(), actor=agent)
    row = _recall(order, supervisor)
    run_consumers()
    row.refresh_from_db()
    assert row.remedied_at is not None


@pytest.fixture
def mailed(make_ticket: Make, supervisor: User) -> RecallOrder:
    """A recall whose one notice has left by mail."""
    Channel.objects.create(key="hotline", name="热线", kind="phone")
    configuration.forget()
    ticket = make_ticket(channel="hotline")
    customer = ticket.customer
    customer.email, customer.phone = "a@qq.com", "13800138000"
    customer.save(update_fields=["email", "phone"])
    row = _recall(place_order(ticket), supervisor)
    running.notify_some(recall_id=row.recall_id)
    deliver_due()
    assert progress.progress_of(row.recall).notified == 1
    return row


def _bounce(letter: Any, number: int) -> None:
    content = multipart(
        "report", part(REPORT, "message/delivery-status"), part(letter.as_bytes(), "message/rfc822"),
        more="; report-type=delivery-status",
    )  # fmt: skip
    receive_mail(mail(content, sender="MAILER-DAEMON@qq.com", subject="Undelivered", message_id=f"<r{number}@qq.com>"))


def test_a_notice_that_came_back_counts_as_not_delivered_and_waits_for_another_way(
    mailed: RecallOrder, agent: User, supervisor: User
) -> None:
    for number in (1, 2):
        _bounce(sent.outbox[-1].message(), number)
    first, again = Outreach.objects.about("recall", mailed.recall_id).order_by("pk")
    assert (first.status, first.reason) == ("failed", "bounced")
    assert (again.status, again.channel) == ("by_hand", "phone")
    recall = Recall.objects.get(pk=mailed.recall_id)
    found = progress.progress_of(recall)
    assert (found.notified, found.undelivered, found.total) == (0, 1, 1)
    page = text(browser(supervisor).get(f"/recalls/{recall.pk}/"))
    assert "未送达" in page
    assert "登记人工联系" in page
    report = browser(supervisor).get(f"/api/v1/recalls/{recall.pk}/progress/").json()
    assert report["undelivered"] == 1


def test_a_made_up_id_marks_nothing(mailed: RecallOrder) -> None:
    row = Outreach.objects.get()
    forged = mail(headers={"Message-ID": f"<outreach-{row.pk}.{'0' * 20}@localhost>"})
    content = multipart("report", part(REPORT, "message/delivery-status"), part(forged, "message/rfc822"))
    receive_mail(mail(content, sender="MAILER-DAEMON@qq.com", message_id="<f@qq.com>"))
    row.refresh_from_db()
    assert row.status == "sent"
