"""Filters of the script list."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from customers.models import Shop
from scripts_library.choices import AngerLevel, ScriptKind
from scripts_library.models import ScriptTemplate


class ScriptFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_search", max_length=2_000, label=_("词语、消息、编号或拼音首字母"))
    title = django_filters.CharFilter(lookup_expr="icontains", max_length=100)
    kind = django_filters.ChoiceFilter(choices=ScriptKind.choices)
    topic = django_filters.CharFilter(max_length=100)
    anger_level = django_filters.ChoiceFilter(choices=AngerLevel.choices)
    shop = django_filters.ModelChoiceFilter(queryset=Shop.objects.all(), to_field_name="key")
    live = django_filters.BooleanFilter(method="by_live", label=_("当前可用"))

    class Meta:
        model = ScriptTemplate
        fields: list[str] = []

    def by_search(self, queryset: Any, name: str, value: str) -> Any:
        """The view ranks the rows; nothing is filtered here."""
        return queryset

    def by_live(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset.live() if value else queryset.exclude(pk__in=ScriptTemplate.objects.live().values("pk"))
