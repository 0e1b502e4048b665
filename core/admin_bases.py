"""What the admin pages of the engine share."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import BASE_INPUT_CLASSES, CHECKBOX_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from core.conditions import FieldSet
from core.conditions.forms import ConditionField, ConditionWidget


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


class ReadOnlyAdmin(ModelAdmin):
    """Rows that services write: to look at, and to act on through actions that call services.

    Where a model says who may see its rows, the admin shows no others.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        seen: QuerySet[Any] = rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows
        return seen

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
