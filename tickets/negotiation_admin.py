"""Ladders with their versions, demands and negotiations in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from core.admin_bases import ReadOnlyAdmin
from core.versions.admin import ItemAdmin, VersionAdmin, VersionForm, VersionInline
from tickets.models import CustomerDemand, Ladder, LadderVersion, Negotiation, NegotiationOffer
from tickets.negotiation import ladders


class LadderVersionInline(VersionInline):
    model = LadderVersion


@admin.register(Ladder)
class LadderAdmin(ItemAdmin):
    list_display = ("key", "title", "category", "live_link", "owner", "updated_at")
    search_fields = ("key", "title", "category")
    fields = ("key", "title", "category", "owner", "live_link", ("created_at", "updated_at"))
    inlines = (LadderVersionInline,)

    @staticmethod
    def create(actor: Any, values: dict[str, Any]) -> Ladder:
        return ladders.create_ladder(actor=actor, **values)

    @staticmethod
    def change(ladder: Ladder, actor: Any, changes: dict[str, Any]) -> Ladder:
        return ladders.update_ladder(ladder=ladder, actor=actor, changes=changes)


class LadderVersionForm(VersionForm):
    """Rungs are written as data and checked by the version itself; the words follow from them."""

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if "rungs" in cleaned:
            self.instance.body = ladders.words_of(cleaned["rungs"])
            self._check_words()
        return cleaned


@admin.register(LadderVersion)
class LadderVersionAdmin(VersionAdmin):
    form = LadderVersionForm
    words = ("title", "rungs", "walk_away", "note", "valid_from", "valid_until")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if not change:
            values = {name: data[name] for name in self.words}
            saved = ladders.draft(ladder=data["item"], actor=request.user, **values)
            obj.__dict__.update(saved.__dict__)
            return
        changes = {name: data[name] for name in ("rungs", "walk_away") if name in form.changed_data}
        if changes:
            ladders.edit(version=LadderVersion.objects.get(pk=obj.pk), actor=request.user, changes=changes)
        super().save_model(request, obj, form, change)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        found = super().get_fields(request, obj)
        return found if obj is None else [*found, "body"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "body"] if obj is not None else []


@admin.register(CustomerDemand)
class CustomerDemandAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "amount", "remedy", "recorded_by", "recorded_at"]
    list_filter = ["remedy"]
    list_select_related = ["ticket", "recorded_by"]
    exclude = ["words"]


class OfferInline(TabularInline):
    model = NegotiationOffer
    extra = 0
    can_delete = False
    fields = ("number", "amount", "state", "reason", "offered_by", "created_at", "countered", "answered_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Negotiation)
class NegotiationAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "case", "floor", "ceiling", "demanded", "state", "opened_by", "opened_at"]
    list_filter = ["state"]
    list_select_related = ["ticket", "opened_by"]
    exclude = ["end_note", "inputs"]
    inlines = (OfferInline,)
