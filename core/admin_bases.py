"""What the admin pages of the engine share."""

from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.widgets import BASE_INPUT_CLASSES, CHECKBOX_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from core.conditions import FieldSet
from core.conditions.forms import ConditionField, ConditionWidget
from core.errors import DomainError
from core.jsonforms import StrictJSONField


class AdminConditionWidget(ConditionWidget):
    """The builder of rules in the clothes of the admin."""

    classes: ClassVar[dict[str, str]] = {
        # With the browser's own arrow: theirs is drawn by a template of their widget.
        "select": " ".join(name for name in SELECT_CLASSES if name != "appearance-none"),
        "input": " ".join(BASE_INPUT_CLASSES),
        "check": " ".join(CHECKBOX_CLASSES),
    }

    def __init__(self, fields: FieldSet) -> None:
        super().__init__(fields, attrs={"class": " ".join(TEXTAREA_CLASSES)})


def condition_field(fields: FieldSet, **options: Any) -> ConditionField:
    """A rule in a form of the admin."""
    return ConditionField(fields, widget=AdminConditionWidget(fields), **options)


class BoundedPaginator(Paginator):
    """Counts no further than anybody leafs: a table that grows with age is not counted to show its newest page."""

    MOST = 10_000
    template_name = "core/admin_pagination.html"

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found: int = rows.order_by()[: self.MOST + 1].count()
        return found

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than can be leafed through."""
        return self.count > self.MOST

    @cached_property
    def num_pages(self) -> int:
        return -(-min(self.count, self.MOST) // self.per_page) or 1


class SeenAdmin(ModelAdmin):
    """Where a model says who may see its rows, the admin shows no others. Nothing counts a whole table.

    `seen_through`: paths to the rows that say it for these: who sees the ticket sees its pauses.
    """

    show_full_result_count = False
    paginator = BoundedPaginator
    formfield_overrides: ClassVar[dict[Any, Any]] = {models.JSONField: {"form_class": StrictJSONField}}
    seen_through: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(request.user)
        for path in self.seen_through:
            owner: Any = self.model
            for name in path.split("__"):
                owner = owner._meta.get_field(name).related_model
            rows = rows.filter(**{f"{path}__in": owner.objects.visible_to(request.user).values("pk")})
        seen: QuerySet[Any] = rows
        return seen


class ReadOnlyAdmin(SeenAdmin):
    """Rows that services write: to look at, and to act on through actions that call services."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ServiceAdmin(SeenAdmin):
    """Rows that are saved by services: what a service refuses is told in the form, beside what was typed."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[no-any-return]
        except DomainError as refused:
            if request.method != "POST":
                raise
            request.refused = refused  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[no-any-return]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        refused = getattr(request, "refused", None)
        return form if refused is None else _refused(form, refused)


class KeptAdmin(ServiceAdmin):
    """Rows that are changed or switched off, never deleted, because others point at them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _refused(form: Any, refused: DomainError) -> Any:
    """The form with what a service said of it: at the fields it named, else above them all."""

    class RefusedForm(form):  # type: ignore[misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            for name, sentences in (refused.fields or {"": [refused.message]}).items():
                self.add_error(name if name in self.fields else None, sentences)
            return cleaned

    return RefusedForm
