"""Filters of the lists of this floor."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import OrderStatus, TagKind
from customers.models import Customer, Order, Shop, Tag, TagGroup

ID_RANGE = {"min_value": 1, "max_value": 2**63 - 1, "decimal_places": 0}


class CustomerFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(
        method="by_search", max_length=100, label=_("姓名、拼音首字母、手机号或后四位、邮箱、订单号、平台账号")
    )
    phone = django_filters.CharFilter(method="by_phone", max_length=30, label=_("完整手机号"))
    phone_tail = django_filters.CharFilter(method="by_tail", min_length=4, max_length=4, label=_("手机号后四位"))
    tag = django_filters.ModelChoiceFilter(
        queryset=Tag.objects.all(), to_field_name="name", method="by_tag", label=_("标签名")
    )
    important = django_filters.BooleanFilter(method="by_importance", label=_("重点客户"))
    level = django_filters.CharFilter(max_length=50)
    platform = django_filters.CharFilter(method="by_platform", max_length=50, label=_("有该平台账号"))

    class Meta:
        model = Customer
        fields: list[str] = []

    def by_search(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)

    def by_phone(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.with_phone(value)

    def by_tail(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.with_phone_tail(value)

    def by_tag(self, queryset: Any, name: str, value: Tag) -> Any:
        return queryset.tagged(value.name)

    def by_importance(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset.important() if value else queryset.not_important()

    def by_platform(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.on_platform(value)


class TagFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=TagKind.choices)
    group = django_filters.ModelChoiceFilter(queryset=TagGroup.objects.all(), to_field_name="name")
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = Tag
        fields: list[str] = []


class OrderFilter(django_filters.FilterSet):
    customer = django_filters.NumberFilter(field_name="customer_id", **ID_RANGE)
    shop = django_filters.ModelChoiceFilter(queryset=Shop.objects.all(), to_field_name="key")
    order_no = django_filters.CharFilter(max_length=100)
    status = django_filters.ChoiceFilter(choices=OrderStatus.choices)

    class Meta:
        model = Order
        fields: list[str] = []


class ShopFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_search", max_length=100, label=_("编码或名称"))
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = Shop
        fields: list[str] = []

    def by_search(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(Q(key__icontains=value) | Q(name__icontains=value))
