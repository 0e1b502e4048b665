"""Filters of the ticket list."""

from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from core import clock
from customers.models import Shop
from tickets.choices import Priority, TicketStatus, TicketType
from tickets.models import Channel, Queue, Ticket


class KeyFilter(django_filters.ModelChoiceFilter):
    """A row named by its key or its id; an unknown one is refused by name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(to_field_name="key", **kwargs)


class TicketFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=TicketStatus.choices, distinct=False)
    type = django_filters.ChoiceFilter(choices=TicketType.choices)
    priority = django_filters.ChoiceFilter(choices=Priority.choices)
    queue = KeyFilter(queryset=Queue.objects.all())
    channel = KeyFilter(queryset=Channel.objects.all())
    shop = KeyFilter(queryset=Shop.objects.all())
    assignee = django_filters.ModelChoiceFilter(queryset=lambda request: get_user_model().objects.all())
    customer = django_filters.NumberFilter(field_name="customer_id", min_value=1, max_value=2**63 - 1, decimal_places=0)
    category = django_filters.CharFilter(max_length=100)
    product = django_filters.CharFilter(max_length=100)
    overdue = django_filters.BooleanFilter(method="filter_overdue", label=_("已超时"))
    search = django_filters.CharFilter(method="filter_search", max_length=200, label=_("搜索"))

    class Meta:
        model = Ticket
        fields: list[str] = []

    def filter_overdue(self, queryset: Any, name: str, value: bool) -> Any:
        return (
            queryset.overdue(clock.now())
            if value
            else queryset.exclude(pk__in=Ticket.objects.overdue(clock.now()).values("pk"))
        )

    def filter_search(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.matching(value)
