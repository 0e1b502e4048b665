"""Many tickets at once over HTTP."""

from typing import Any
from uuid import uuid4

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from crm.workbench.bulk import changing, replying
from crm.workbench.models import BulkAction, BulkChange, BulkReply
from tickets.choices import Priority

LARGEST_ID = 2**63 - 1
SNOOZE_EXAMPLE = {"action": "snooze", "tickets": [1, 2], "until": "2026-11-23T09:00:00+08:00"}


class TicketIds(serializers.ListField):
    """Ids of tickets; those the caller may not see are left out."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
        super().__init__(child=child, min_length=1, max_length=most, **kwargs)


class BulkChangeInputSerializer(StrictSerializer):
    action = serializers.ChoiceField(BulkAction.choices)
    tickets = TicketIds(most=changing.MOST)
    assignee = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    queue = CleanCharField(max_length=100, required=False)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    tag = CleanCharField(max_length=50, required=False)
    until = MomentField(required=False, allow_null=True, help_text=_("稍后处理到何时；不填则等到客户来信。"))
    reason = CleanCharField(max_length=500, required=False, allow_blank=True)


class BulkChangeRowSerializer(serializers.Serializer):
    ticket = serializers.IntegerField(source="ticket_id")
    number = serializers.CharField(source="ticket.number")
    outcome = serializers.CharField(help_text=_("changed、skipped、undone 或 kept（未能撤销）"))
    reason = serializers.CharField()


class BulkChangeSerializer(serializers.ModelSerializer):
    rows = BulkChangeRowSerializer(many=True)
    can_undo = serializers.SerializerMethodField(help_text=_("完成后一分钟内可撤销一次"))

    class Meta:
        model = BulkChange
        fields = ("id", "actor", "action", "values", "created_at", "finished_at", "undone_at", "can_undo", "rows")

    def get_can_undo(self, change: BulkChange) -> bool:
        return changing.can_undo(change)


class BulkChangeViewSet(CreateMixin, ReadViewSet):
    """批量操作：逐张按各自规则执行，说明跳过的原因；一分钟内可撤销。"""

    queryset = BulkChange.objects.prefetch_related("rows__ticket")
    serializer_class = BulkChangeInputSerializer
    read_serializer_class = BulkChangeSerializer
    required_permissions = {
        "list": "workbench.view_bulkchange",
        "retrieve": "workbench.view_bulkchange",
        "create": "workbench.add_bulkchange",
        "undo": "workbench.add_bulkchange",
    }

    @extend_schema(
        request=BulkChangeInputSerializer,
        responses={201: BulkChangeSerializer},
        examples=[
            example("批量改优先级", {"action": "priority", "tickets": [1, 2], "priority": "high"}, request_only=True),
            example("批量稍后处理", SNOOZE_EXAMPLE, request_only=True),
        ],
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> BulkChange:
        data = dict(serializer.validated_data)
        ids = data.pop("tickets")
        return changing.change_many(
            actor=self.request.user, action=data.pop("action"), values=data, ticket_ids=ids, key=uuid4()
        )

    @extend_schema(request=None, responses=BulkChangeSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """一分钟内撤销；之后有变动的工单保持现状。"""
        self.nothing_given()
        changing.undo(change=self.get_object(), actor=request.user)
        return self.shown(self.get_object())


class BulkReplyInputSerializer(StrictSerializer):
    tickets = TicketIds(most=replying.MOST)
    body = CleanCharField(max_length=replying.BODY_LENGTH, multiline=True)


class BulkReplyRowSerializer(serializers.Serializer):
    ticket = serializers.IntegerField(source="ticket_id")
    number = serializers.CharField(source="ticket.number")
    state = serializers.CharField(help_text=_("waiting、sent、unfilled（无法填充）或 refused（未发送）"))
    reason = serializers.CharField()
    message = serializers.IntegerField(source="message_id", allow_null=True)


class BulkReplySerializer(serializers.ModelSerializer):
    rows = BulkReplyRowSerializer(many=True)

    class Meta:
        model = BulkReply
        fields = ("id", "actor", "body", "created_at", "rows")


class BulkReplyViewSet(CreateMixin, ReadViewSet):
    """群发回复：同一段话按每张工单填充，每张只发一次；无法填充的列出。"""

    queryset = BulkReply.objects.prefetch_related("rows__ticket")
    serializer_class = BulkReplyInputSerializer
    read_serializer_class = BulkReplySerializer
    required_permissions = {
        "list": "workbench.view_bulkreply",
        "retrieve": "workbench.view_bulkreply",
        "create": "workbench.add_bulkreply",
    }

    @extend_schema(
        request=BulkReplyInputSerializer,
        responses={201: BulkReplySerializer},
        examples=[
            example("物流恢复", {"tickets": [1, 2], "body": "{{customer_name}}您好，物流今天恢复。"}, request_only=True)
        ],
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> BulkReply:
        data = serializer.validated_data
        return replying.reply_many(actor=self.request.user, body=data["body"], ticket_ids=data["tickets"], key=uuid4())
