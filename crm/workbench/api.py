"""Saved views over HTTP."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.conditions import ConditionField
from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import WriteViewSet
from core.conditions import ConditionError
from crm.staff.models import Team
from crm.workbench.models import SavedView, Sharing
from crm.workbench.models.saved_view import Order
from crm.workbench.saved_views.columns import COLUMNS
from crm.workbench.saved_views.fields import VIEW_FIELDS, sentence_of
from crm.workbench.saved_views.selecting import MOST_COUNTED, counted
from crm.workbench.saved_views.services import remove_view, save_view

VIEW_EXAMPLE = {
    "name": "今天的投诉",
    "condition": {
        "all": [
            {"field": "type", "op": "eq", "value": "complaint"},
            {"field": "assignee", "op": "eq", "value": "me"},
            {"field": "created_at", "op": "within_days", "value": 1},
        ]
    },
    "order": "due",
    "columns": ["number", "customer", "due"],
}


class TeamOfCaller(serializers.SlugRelatedField):
    """A team by name, among those the caller sees."""

    def get_queryset(self) -> Any:
        return Team.objects.visible_to(self.context["request"].user)


class SavedViewSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    name = CleanCharField(max_length=40)
    owner = serializers.CharField(source="owner.username", read_only=True)
    condition = ConditionField(
        fieldset=VIEW_FIELDS,
        required=False,
        help_text=_(
            "工单字段的条件；负责人可写 me。不问状态的视图只含未结工单；"
            "含已结工单的只含近 90 天创建的，除非条件写明创建时间。"
        ),
    )
    sentence = serializers.SerializerMethodField(help_text=_("条件读作一句话"))
    order = serializers.ChoiceField(Order.choices, required=False)
    columns = serializers.ListField(
        child=serializers.ChoiceField([(key, label) for key, (label, _width) in COLUMNS.items()]),
        required=False,
        max_length=len(COLUMNS),
    )
    sharing = serializers.ChoiceField(Sharing.choices, required=False)
    team = TeamOfCaller(slug_field="name", required=False, allow_null=True, queryset=Team.objects.all())
    position = serializers.IntegerField(required=False, min_value=0, max_value=32767)
    count = serializers.SerializerMethodField(help_text=_("未结工单数，最多 100；条件失效时为空"))

    def get_sentence(self, view: SavedView) -> str:
        try:
            return sentence_of(view.condition)
        except ConditionError:
            return ""

    def get_count(self, view: SavedView) -> int | None:
        found: dict[int, int | None] = self.context.get("counts", {})
        number = found.get(view.pk)
        return None if number is None else min(number, MOST_COUNTED + 1)


@extend_schema_view(
    create=extend_schema(examples=[example("今天我的投诉", VIEW_EXAMPLE, request_only=True)]),
    partial_update=extend_schema(
        examples=[example("共享给团队", {"sharing": "team", "team": "售后一组"}, request_only=True)]
    ),
)
class SavedViewViewSet(WriteViewSet):
    """视图：保存的工单筛选，可共享；只看到自己有权看的工单。"""

    queryset = SavedView.objects.select_related("owner", "team")
    serializer_class = SavedViewSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "workbench.view_savedview",
        "retrieve": "workbench.view_savedview",
        "create": "workbench.add_savedview",
        "partial_update": "workbench.change_savedview",
        "destroy": "workbench.delete_savedview",
    }

    def paginate_queryset(self, queryset: Any) -> Any:
        self.rows = super().paginate_queryset(queryset) or []
        return self.rows

    def get_object(self) -> SavedView:
        view: SavedView = super().get_object()
        self.rows = [view]
        return view

    def get_serializer_context(self) -> dict[str, Any]:
        rows = getattr(self, "rows", [])
        return {
            **super().get_serializer_context(),
            "counts": {item.view.pk: item.count for item in counted(rows, self.request.user)} if rows else {},
        }

    def create_instance(self, serializer: Any) -> SavedView:
        found = save_view(view=None, actor=self.request.user, values=serializer.validated_data)
        self.rows = [found]
        return found

    def update_instance(self, instance: SavedView, serializer: Any) -> SavedView:
        found = save_view(view=instance, actor=self.request.user, values=serializer.validated_data)
        self.rows = [found]
        return found

    @extend_schema(responses={204: None})
    def destroy(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """删除视图；工单不受影响。"""
        remove_view(view=self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
