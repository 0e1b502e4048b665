"""Facts about a customer's claims, for whoever must judge whether a claim is in good faith (C36).

Counted, never judged: there is no score, no threshold and no verdict. Nothing that decides about refunds,
returns or compensation reads them; rights given by law do not shrink by them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from core import clock
from customers.models import Order, OrderItem
from tickets.choices import COMPENSATION_STANDING, TicketType
from tickets.models import Compensation, LegalCase, Ticket

WINDOW = timedelta(days=365)
CLAIMS = (TicketType.COMPLAINT, TicketType.AFTER_SALES)


@dataclass(frozen=True)
class Fact:
    """One number with the sentence that says what was counted. `key` is for programs."""

    key: str
    value: str
    sentence: str


def facts_of(ticket: Ticket) -> list[Fact]:
    """What the last 365 days show of the customer's claims, the ticket itself included."""
    since = clock.now() - WINDOW
    claims = Ticket.objects.filter(
        customer=ticket.customer_id, type__in=CLAIMS, created_at__gte=since, merged_into=None
    ).order_by()
    found = [*_counts(ticket, claims), *_orders(ticket, claims, since), *_money(ticket, since)]
    cases = LegalCase.objects.filter(ticket__customer=ticket.customer_id, created_at__gte=since).count()
    found.append(Fact("legal_cases", str(cases), _("近一年监管、平台或诉讼案件 %(n)d 件") % {"n": cases}))
    return found


def _counts(ticket: Ticket, claims: Any) -> list[Fact]:
    counted = claims.aggregate(
        claims=Count("pk"),
        same_product=Count("pk", filter=Q(product=ticket.product) & ~Q(product="")),
        same_category=Count("pk", filter=Q(category=ticket.category) & ~Q(category="")),
        shops=Count("shop", distinct=True),
    )
    sentences = {
        "claims": _("近一年提出投诉或售后 %(n)d 次"),
        "same_product": _("其中同一商品 %(n)d 次"),
        "same_category": _("其中同一类问题 %(n)d 次"),
        "shops": _("涉及店铺 %(n)d 家"),
    }
    found = [Fact(key, str(counted[key]), sentence % {"n": counted[key]}) for key, sentence in sentences.items()]
    if ticket.duplicate_digest:
        same = Ticket.objects.filter(duplicate_digest=ticket.duplicate_digest).exclude(customer=ticket.customer_id)
        others = same.values("customer").distinct()[:1000].count()
        found.append(Fact("same_words", str(others), _("另有 %(n)d 位客户提交过文字相同的内容") % {"n": others}))
    return found


def _orders(ticket: Ticket, claims: Any, since: Any) -> list[Fact]:
    orders = Order.objects.filter(customer=ticket.customer_id, ordered_at__gte=since)
    count = orders.count()
    claimed = claims.exclude(order_no="").values("order_no").distinct().count()
    found = [
        Fact(
            "claimed_orders",
            f"{claimed}/{count}",
            _("近一年 %(count)d 个订单中 %(claimed)d 个提出过投诉或售后") % {"count": count, "claimed": claimed},
        )
    ]
    if ticket.product:
        items = OrderItem.objects.filter(order__in=orders, sku=ticket.product)
        bought = items.aggregate(total=Sum("quantity"))["total"] or 0
        found.append(Fact("bought", str(bought), _("近一年购买该商品 %(n)d 件") % {"n": bought}))
    return found


def _money(ticket: Ticket, since: Any) -> list[Fact]:
    granted = Compensation.objects.filter(
        ticket__customer=ticket.customer_id, granted_at__gte=since, status__in=COMPENSATION_STANDING
    ).aggregate(n=Count("pk"), total=Sum("amount"), punitive=Count("pk", filter=Q(is_punitive=True)))
    total = granted["total"] or 0
    return [
        Fact(
            "compensations",
            str(granted["n"]),
            _("近一年补偿 %(n)d 笔，合计 %(total)s 元") % {"n": granted["n"], "total": f"{total:.2f}"},
        ),
        Fact("punitive", str(granted["punitive"]), _("其中含惩罚性赔偿 %(n)d 笔") % {"n": granted["punitive"]}),
    ]
