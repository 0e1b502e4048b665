"""What rules may ask about a customer, and where the answers stand in the database."""

from collections.abc import Iterator
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.clock import now
from core.conditions import Choices, Field, FieldSet
from customers.choices import OrderStatus
from customers.models import Customer, CustomerIdentity, CustomerTag, Order, Tag

#: More than these nobody reads in a list; rules may name others.
MOST_OFFERED = 200
TAGS_FIELD = "customer.tags"
# Orders that count as bought: paid for, and not taken back.
BOUGHT = [OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.SIGNED, OrderStatus.COMPLETED]


def _carries_tags(names: list[str]) -> Q:
    spells = CustomerTag.objects.active().filter(customer=OuterRef("pk"))
    return Q(Exists(spells.filter(tag__name__in=names) if names else spells))


def _on_platforms(platforms: list[str]) -> Q:
    accounts = CustomerIdentity.objects.filter(customer=OuterRef("pk"))
    return Q(Exists(accounts.filter(platform__in=platforms) if platforms else accounts))


def tags_offered() -> Choices:
    """The tags that a rule may name."""
    return [(name, name) for name in Tag.objects.order_by("name").values_list("name", flat=True)[:MOST_OFFERED]]


CUSTOMER_FIELDS = FieldSet(
    [
        Field(TAGS_FIELD, "set", _("标签"), _carries_tags, suggest=tags_offered),
        Field("platforms", "set", _("渠道"), _on_platforms),
        Field("customer.important", "boolean", _("重点客户"), "important_now"),
        Field("level", "text", _("会员等级"), "level"),
        Field("name", "text", _("姓名"), "name"),
        Field("is_anonymous", "boolean", _("匿名客户"), "is_anonymous"),
        Field("created_at", "moment", _("建档时间"), "created_at"),
        Field("do_not_contact_at", "moment", _("免打扰起始时间"), "do_not_contact_at"),
        Field("phone_verified_at", "moment", _("手机号验证时间"), "phone_verified_at"),
        Field("order_count", "number", _("成交订单数"), "order_count"),
        Field("paid_total", "number", _("成交金额"), "paid_total"),
        Field("first_order_at", "moment", _("首次下单时间"), "first_order_at"),
        Field("last_order_at", "moment", _("最近下单时间"), "last_order_at"),
    ]
)


def askable(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """The rows with what rules ask about beside them; only what a rule uses is computed."""
    bought = Order.objects.filter(customer=OuterRef("pk"), status__in=BOUGHT).order_by().values("customer")

    def total(expression: Any, output: Any) -> Subquery:
        return Subquery(bought.annotate(answer=expression).values("answer"), output_field=output)

    money = DecimalField(max_digits=14, decimal_places=2)
    marked = Q(important=True) & (Q(important_until__isnull=True) | Q(important_until__gt=now()))
    return customers.alias(
        important_now=ExpressionWrapper(marked, output_field=BooleanField()),
        order_count=Coalesce(total(Count("pk"), IntegerField()), 0),
        paid_total=Coalesce(total(Sum("paid"), money), 0, output_field=money),
        first_order_at=total(Min("ordered_at"), DateTimeField()),
        last_order_at=total(Max("ordered_at"), DateTimeField()),
    )


def named_tags(raw: Any) -> Iterator[str]:
    """The labels that a rule refers to."""
    if isinstance(raw, list):
        for part in raw:
            yield from named_tags(part)
    elif isinstance(raw, dict):
        if raw.get("field") == TAGS_FIELD:
            value = raw.get("value")
            yield from [value] if isinstance(value, str) else [v for v in value or [] if isinstance(v, str)]
        else:
            for part in raw.values():
                yield from named_tags(part)
