"""Filters of lists: an unknown parameter or value is refused by name, never ignored."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from django_filters.widgets import SuffixedMultiWidget
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from core.text import unstorable

_SWITCH_WORDS = {"", "true", "false"}


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter's backend for `filterset_class`, strict about names and yes/no values."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        refuse_unknown_parameters(request, view, filterset_parameters(filterset))
        if filterset is None:
            return queryset
        _refuse_unknown_switches(request, filterset)
        return super().filter_queryset(request, queryset, view)  # type: ignore[no-any-return]


def filterset_parameters(filterset: FilterSet | None) -> set[str]:
    """The query parameters that a filter set reads."""
    names: set[str] = set()
    for name, field in filterset.form.fields.items() if filterset is not None else ():
        if isinstance(field.widget, SuffixedMultiWidget):
            names.update(field.widget.suffixed(name, suffix) for suffix in field.widget.suffixes)
        else:
            names.add(name)
    return names


def refuse_unknown_parameters(request: Request, view: Any, known: Iterable[str]) -> None:
    """400 naming every query parameter that neither `known`, the pages nor the view itself reads.

    A view names its own in `extra_query_parameters = {action: ("ticket",)}`.
    """
    allowed = {*known, *_own_parameters(view)}
    faults = {name: [_("未知的查询参数。")] for name in request.query_params if name not in allowed}
    for name, values in request.query_params.lists():
        if any(unstorable(value) for value in values):
            faults[name] = [_("含有不允许的字符。")]
    if faults:
        raise ValidationError(faults)


def _own_parameters(view: Any) -> set[str]:
    names: set[str] = set(getattr(view, "extra_query_parameters", {}).get(getattr(view, "action", None), ()))
    paginator = getattr(view, "paginator", None)
    names.update(getattr(paginator, "query_parameters", ()))
    if getattr(view, "ordering_options", None):
        names.add("ordering")
    return names


def _refuse_unknown_switches(request: Request, filterset: FilterSet) -> None:
    faults = {
        name: [_("请填写 true 或 false。")]
        for name, field in filterset.form.fields.items()
        if isinstance(field, forms.NullBooleanField) and request.query_params.get(name, "") not in _SWITCH_WORDS
    }
    if faults:
        raise ValidationError(faults)
