"""Admin pages of items and versions: every button calls the services that the API calls."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin_bases import KeptAdmin
from core.errors import InvalidInput
from core.versions import services
from core.versions.choices import MOVES, VersionStatus
from core.versions.diff import diff_texts
from core.versions.models import right_name

STATUS_COLOURS = {
    VersionStatus.DRAFT.value: "info",
    VersionStatus.IN_REVIEW.value: "warning",
    VersionStatus.APPROVED.value: "primary",
    VersionStatus.PUBLISHED.value: "success",
    VersionStatus.REJECTED.value: "danger",
}
_STAMPS = (
    ("author", "created_at"),
    ("submitter", "submitted_at"),
    ("reviewer", "reviewed_at"),
    ("publisher", "published_at"),
    ("retirer", "retired_at"),
)
_STAMP_NAMES = [name for pair in _STAMPS for name in pair]


class VersionInline(TabularInline):
    """The history of an item; each line leads to the version's page."""

    extra = 0
    can_delete = False
    fields = ("link", "status", "note", "author", "reviewer", "published_at", "valid_until")
    readonly_fields = fields
    ordering = ("-number",)

    @display(description=_("版本"))
    def link(self, version: Any) -> SafeString:
        return _link(version)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        visible: QuerySet[Any] = rows.visible_to(request.user).select_related("author", "reviewer")
        return visible


class ItemAdmin(KeptAdmin):
    """An identity. `create` and `change` are the services that write it."""

    create: ClassVar[Callable[..., Any]]
    change: ClassVar[Callable[..., Any]]
    fixed_fields: ClassVar[tuple[str, ...]] = ("key",)
    list_select_related = ("live_version", "owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = self.fixed_fields if obj is not None else ()
        return (*fixed, "live_link", "created_at", "updated_at")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk, **super().get_changeform_initial_data(request)}

    @display(description=_("当前版本"))
    def live_link(self, item: Any) -> str | SafeString:
        version = item.live_version
        if version is None:
            return "—"
        return _link(version)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kind = type(self)
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            saved = kind.change(obj, request.user, changes) if changes else obj
        else:
            saved = kind.create(request.user, form.cleaned_data)
        obj.__dict__.update(saved.__dict__)


class VersionForm(forms.ModelForm):
    """The words of a version; `reason` is for rejecting."""

    reason = forms.CharField(label=_("驳回理由"), max_length=500, required=False, widget=UnfoldAdminTextInputWidget)

    def clean(self) -> Mapping[str, Any] | None:
        cleaned = super().clean() or {}
        for name in self._meta.fields or ():
            if name in cleaned:
                setattr(self.instance, name, cleaned[name])
        if "body" in cleaned:
            self._check_words()
        return cleaned

    def _check_words(self) -> None:
        try:
            services.check_words(self.instance)
        except InvalidInput as refused:
            for name, sentences in refused.fields.items():
                self.add_error(name if name in self.fields else None, sentences)


class VersionAdmin(KeptAdmin):
    """A version: drafts are written here, verbs are buttons, the rest is history."""

    form = VersionForm
    words: ClassVar[tuple[str, ...]] = ("title", "body", "note", "valid_from", "valid_until")
    list_display = ("item", "number", "shown_status", "title", "author", "reviewer", "published_at", "valid_until")
    list_filter = ("status", "origin")
    search_fields = ("item__key", "title")
    list_select_related = ("item", "author", "reviewer")
    autocomplete_fields = ("item",)
    actions_submit_line = tuple(MOVES)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["item", *self.words]
        reason = {VersionStatus.IN_REVIEW: ["reason"], VersionStatus.REJECTED: ["reject_reason"]}.get(obj.status, [])
        return ["item", ("number", "status", "origin"), *self.words, *reason, *_STAMPS, "changes"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        words = [] if _is_writable(request, obj) else self.words
        return ["item", "number", "status", "origin", "reject_reason", *words, *_STAMP_NAMES, "changes"]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A version that cannot be written offers its verbs only."""
        shown = self.get_object(request, object_id) if object_id else None
        buttons: dict[str, bool] = {"show_save_and_add_another": False, "show_save_and_continue": False}
        if shown is not None and not _is_writable(request, shown):
            buttons["show_save"] = False
        return super().changeform_view(request, object_id, form_url, {**buttons, **(extra_context or {})})

    def get_actions_submit_line(self, request: HttpRequest, object_id: int | None) -> list[Any]:
        """Only the verbs that may start from here, that the person has the right to, and never on one's own text."""
        version = self.get_queryset(request).filter(pk=object_id).first() if object_id else None
        if version is None:
            return []
        offered = [name for name in version.allowed_moves if self._may(request, version, name)]
        return [move for move in self._get_base_actions_submit_line() if move.method.__name__ in offered]

    def _may(self, request: HttpRequest, version: Any, name: str) -> bool:
        if name == "approve":
            return bool(version.can_be_reviewed_by(request.user))
        return bool(request.user.has_perm(right_name(type(version), MOVES[name].right)))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = form.cleaned_data
        if not change:
            saved = services.draft_version(
                item=data["item"], actor=request.user, **{name: data[name] for name in self.words}
            )
            obj.__dict__.update(saved.__dict__)
            return
        changes = {name: data[name] for name in form.changed_data if name in self.words}
        stored = type(obj)._default_manager.get(pk=obj.pk)
        if changes:
            services.edit_draft(version=stored, actor=request.user, changes=changes)
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, stored)
        obj.__dict__.update(stored.__dict__)

    @display(description=_("状态"), label=STATUS_COLOURS, ordering="status")
    def shown_status(self, version: Any) -> tuple[str, str]:
        return version.status, version.get_status_display()

    @display(description=_("与前一版本的差异"))
    def changes(self, version: Any) -> str | SafeString:
        rows = type(version)._default_manager.filter(item=version.item_id, number__lt=version.number)
        former = rows.order_by("-number").first()
        if former is None:
            return "—"
        tags = {"added": "ins", "removed": "del", "equal": "span"}
        pieces = diff_texts(former.body, version.body)
        marked = format_html_join(
            "", "<{}>{}</{}>", ((tags[piece.operation], piece.text, tags[piece.operation]) for piece in pieces)
        )
        return format_html('<div style="white-space: pre-wrap">{}</div>', marked)

    @action(description=MOVES["submit"].label)
    def submit(self, request: HttpRequest, obj: Any) -> None:
        services.submit(version=obj, actor=request.user)

    @action(description=MOVES["approve"].label)
    def approve(self, request: HttpRequest, obj: Any) -> None:
        services.approve(version=obj, actor=request.user)

    @action(description=MOVES["reject"].label)
    def reject(self, request: HttpRequest, obj: Any) -> None:
        services.reject(version=obj, actor=request.user, reason=request.POST.get("reason", ""))

    @action(description=MOVES["publish"].label)
    def publish(self, request: HttpRequest, obj: Any) -> None:
        services.publish(version=obj, actor=request.user)

    @action(description=MOVES["retire"].label)
    def retire(self, request: HttpRequest, obj: Any) -> None:
        services.retire(version=obj, actor=request.user)


def _is_writable(request: HttpRequest, version: Any) -> bool:
    """Whether the person may change the words: a draft of their own, or one that nobody wrote."""
    return bool(version.status == VersionStatus.DRAFT and version.author_id in (None, request.user.pk))


def _link(version: Any) -> SafeString:
    meta = version._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[version.pk])
    classes = "text-primary-600 dark:text-primary-500"
    return format_html('<a class="{}" href="{}">v{} {}</a>', classes, address, version.number, version.title)
