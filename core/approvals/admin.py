from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin_bases import KeptAdmin, ReadOnlyAdmin, ServiceAdmin
from core.approvals import registry
from core.approvals.authority import set_limit
from core.approvals.models import ApprovalRequest, AuthorityDay, AuthorityLimit, Substitution
from core.approvals.services import name_substitute


class LimitForm(forms.ModelForm):
    """Kinds and roles are chosen, not typed: both come from what the product knows."""

    class Meta:
        model = AuthorityLimit
        fields = ["kind", "role", "per_day", "approves_up_to"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.key, kind.label) for kind in registry.limits.values()]
        roles = {role: _role_label(role) for kind in registry.limits.values() for role in kind.defaults}
        for name, choices in (("kind", kinds), ("role", list(roles.items()))):
            if name in self.fields:
                self.fields[name] = forms.ChoiceField(
                    label=self.fields[name].label, choices=choices, widget=UnfoldAdminSelectWidget
                )


def _role_label(role: str) -> str:
    return str(dict(get_user_model()._meta.get_field("role").flatchoices).get(role, role))  # type: ignore[union-attr]


@admin.register(AuthorityLimit)
class AuthorityLimitAdmin(ServiceAdmin):
    form = LimitForm
    list_display = ["kind_label", "role_label", "per_day", "approves_up_to", "updated_at"]
    list_filter = ["kind"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["kind", "role"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: AuthorityLimit, form: Any, change: bool) -> None:
        values = {"per_day": obj.per_day, "approves_up_to": obj.approves_up_to}
        obj.pk = set_limit(actor=request.user, kind=obj.kind, role=obj.role, **values).pk

    @admin.display(description=_("授权种类"), ordering="kind")
    def kind_label(self, obj: AuthorityLimit) -> str:
        known = registry.limits.get(obj.kind)
        return str(known.label) if known is not None else obj.kind

    @admin.display(description=_("角色"), ordering="role")
    def role_label(self, obj: AuthorityLimit) -> str:
        return _role_label(obj.role)


class SubstitutionForm(forms.ModelForm):
    class Meta:
        model = Substitution
        fields = ["person", "substitute", "starts_at", "ends_at"]


@admin.register(Substitution)
class SubstitutionAdmin(KeptAdmin):
    """Named and removed, never changed; a service says who may name one for whom."""

    form = SubstitutionForm
    list_display = ["person", "substitute", "starts_at", "ends_at"]
    list_select_related = ["person", "substitute"]
    autocomplete_fields = ["person", "substitute"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Substitution, form: Any, change: bool) -> None:
        values = {name: getattr(obj, name) for name in SubstitutionForm.Meta.fields}
        obj.pk = name_substitute(actor=request.user, **values).pk


@admin.register(AuthorityDay)
class AuthorityDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "person", "kind", "used"]
    list_select_related = ["person"]
    ordering = ["-on", "-id"]


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(ReadOnlyAdmin):
    list_display = ["title", "amount", "requester", "state", "created_at", "expires_at", "decider", "decided_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["requester", "decider"]
