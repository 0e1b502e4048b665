"""Filters of the article list."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from knowledge.choices import Audience
from knowledge.models import Article


class ArticleFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="by_search", max_length=2_000, label=_("词语、问题或拼音首字母"))
    title = django_filters.CharFilter(lookup_expr="icontains", max_length=100)
    collection = django_filters.CharFilter(max_length=100)
    category = django_filters.CharFilter(max_length=100)
    product = django_filters.CharFilter(max_length=100)
    audience = django_filters.ChoiceFilter(choices=Audience.choices)
    live = django_filters.BooleanFilter(method="by_live", label=_("当前可用"))

    class Meta:
        model = Article
        fields: list[str] = []

    def by_search(self, queryset: Any, name: str, value: str) -> Any:
        """The view ranks the rows; nothing is filtered here."""
        return queryset

    def by_live(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset.live() if value else queryset.exclude(pk__in=Article.objects.live().values("pk"))
