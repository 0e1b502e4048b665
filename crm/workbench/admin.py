"""Saved views in the admin: an entry point that calls the services."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin, condition_field
from crm.workbench.models import BulkChange, BulkChangeRow, BulkReply, BulkReplyRow, SavedView
from crm.workbench.saved_views.columns import COLUMNS
from crm.workbench.saved_views.fields import VIEW_FIELDS
from crm.workbench.saved_views.services import remove_view, save_view

_FIELDS = ("name", "condition", "order", "columns", "sharing", "team", "position")


class SavedViewForm(forms.ModelForm):
    """A view whose rule and columns are checked before it is saved."""

    condition = condition_field(VIEW_FIELDS, label=_("条件"))
    columns = forms.MultipleChoiceField(
        label=_("列"), required=False, choices=[(key, label) for key, (label, _width) in COLUMNS.items()]
    )

    class Meta:
        model = SavedView
        fields = _FIELDS


@admin.register(SavedView)
class SavedViewAdmin(ServiceAdmin):
    form = SavedViewForm
    list_display = ("name", "owner", "sharing", "team", "order", "updated_at")
    list_filter = ("sharing",)
    list_select_related = ("owner", "team")
    search_fields = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.can_change(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.can_change(request.user))

    def save_model(self, request: HttpRequest, obj: SavedView, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in _FIELDS if name in form.cleaned_data}
        saved = save_view(view=obj if change else None, actor=request.user, values=values)
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: SavedView) -> None:
        remove_view(view=obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SavedView]) -> None:
        for view in queryset:
            remove_view(view=view, actor=request.user)


class _Rows(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # Whoever sees the change sees its rows.


class ChangedTickets(_Rows):
    model = BulkChangeRow
    fields = readonly_fields = ("ticket", "outcome", "reason")


class AnsweredTickets(_Rows):
    model = BulkReplyRow
    fields = readonly_fields = ("ticket", "state", "reason", "sent_at")


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnlyAdmin):
    list_display = ("id", "action", "actor", "created_at", "undone_at")
    list_select_related = ("actor",)
    inlines = (ChangedTickets,)


@admin.register(BulkReply)
class BulkReplyAdmin(ReadOnlyAdmin):
    list_display = ("id", "actor", "created_at")
    list_select_related = ("actor",)
    fields = readonly_fields = ("actor", "script_version", "created_at")
    inlines = (AnsweredTickets,)
