"""Replies that wait, over HTTP: send later, take back, change, send now."""

from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.viewsets import WriteViewSet
from core.errors import InvalidInput
from scripts_library.models import ScriptVersion
from tickets.api.serializers import BODY, AttachmentSerializer, SafetyConfirmationSerializer, taken_confirmation
from tickets.choices import WaitingState
from tickets.models import Attachment, Ticket, WaitingReply
from tickets.services import sending, waiting

LARGEST_ID = 2**63 - 1
PLAN_EXAMPLE = {"ticket": "26112100012345", "body": "您好，包裹今天寄出。", "send_at": "2026-11-23T09:00:00+08:00"}
UNDO_EXAMPLE = {"ticket": "26112100012345", "body": "您好，已为您登记。"}
CHANGE_EXAMPLE = {"send_at": "2026-11-23T14:00:00+08:00"}


class WaitingReplyCreateSerializer(SafetyConfirmationSerializer):
    """等待发出的回复。"""

    ticket = serializers.CharField(max_length=20, help_text=gettext_lazy("工单的编号或 id"))
    body = CleanCharField(max_length=BODY, multiline=True, allow_blank=True, default="")
    script = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), required=False, max_length=20
    )
    solves = serializers.BooleanField(default=False, help_text=gettext_lazy("发出后解决工单"))
    send_at = MomentField(required=False, allow_null=True, help_text=gettext_lazy("不填则十秒后发出，其间可撤回。"))
    seen = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=LARGEST_ID,
        help_text=gettext_lazy("您看到的最新消息 id；其后客户又来信则返回 409。"),
    )

    def validate_ticket(self, value: str) -> Ticket:
        found: Ticket | None = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found

    def validate_script(self, value: int | None) -> ScriptVersion | None:
        found: ScriptVersion | None = ScriptVersion.objects.published().filter(pk=value).first() if value else None
        if value and found is None:
            raise serializers.ValidationError(_("没有这个已发布的话术版本。"))
        return found

    def validate_attachments(self, value: list[int]) -> list[Attachment]:
        files = list(Attachment.objects.filter(pk__in=value, message=None, uploader=self.context["request"].user))
        if len(files) != len(set(value)):
            raise serializers.ValidationError(_("有附件不存在或已被使用。"))
        return files


class WaitingReplyChangeSerializer(SafetyConfirmationSerializer):
    """新的内容或时间。"""

    body = CleanCharField(max_length=BODY, multiline=True, allow_blank=True, required=False)
    send_at = MomentField(required=False)


class WaitingReplySerializer(serializers.ModelSerializer):
    """待发回复。审计看不到未发出的内容。"""

    ticket_number = serializers.CharField(source="ticket.number")
    author = PersonSerializer()
    body = serializers.SerializerMethodField()
    script = serializers.IntegerField(source="script_version_id", allow_null=True)
    attachments = AttachmentSerializer(many=True)
    message = serializers.IntegerField(source="message_id", allow_null=True, help_text=gettext_lazy("发出后的消息 id"))

    class Meta:
        model = WaitingReply
        fields = (
            "id", "ticket", "ticket_number", "author", "body", "script", "attachments", "solves", "is_chosen",
            "send_at", "state", "reason", "message", "created_at",
        )  # fmt: skip

    def get_body(self, row: WaitingReply) -> str | None:
        unsent = row.state != WaitingState.SENT
        return None if unsent and self.context["request"].user.is_auditor else row.body


class WaitingReplyFilter(django_filters.FilterSet):
    ticket = django_filters.NumberFilter(field_name="ticket_id", min_value=1, max_value=LARGEST_ID, decimal_places=0)
    mine = django_filters.BooleanFilter(method="filter_mine", label=gettext_lazy("只看本人的"))

    class Meta:
        model = WaitingReply
        fields: list[str] = []

    def filter_mine(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(author=self.request.user) if value else rows.exclude(author=self.request.user)


class WaitingReplyViewSet(WriteViewSet):
    """待发回复：定时发送与十秒内撤回。列表只含仍在等待的。"""

    queryset = WaitingReply.objects.select_related("ticket", "author").prefetch_related("attachments")
    serializer_class = WaitingReplyCreateSerializer
    read_serializer_class = WaitingReplySerializer
    serializer_classes = {"partial_update": WaitingReplyChangeSerializer}
    filterset_class = WaitingReplyFilter
    ordering = ("send_at", "id")
    required_permissions = {
        "list": "tickets.view_ticketmessage",
        "retrieve": "tickets.view_ticketmessage",
        "create": "tickets.reply_ticket",
        "partial_update": "tickets.reply_ticket",
        "take_back": "tickets.reply_ticket",
        "send": "tickets.reply_ticket",
    }

    def get_queryset(self) -> Any:
        rows = super().get_queryset().defer("ticket__search")
        return rows.filter(state=WaitingState.WAITING) if self.action == "list" else rows

    @extend_schema(
        request=WaitingReplyCreateSerializer,
        responses={201: WaitingReplySerializer},
        examples=[
            example("明早发送", PLAN_EXAMPLE, request_only=True),
            example("十秒后发出", UNDO_EXAMPLE, request_only=True),
        ],
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> WaitingReply:
        values = dict(serializer.validated_data)
        safety = taken_confirmation(values)
        return sending.plan_reply(
            actor=self.request.user, script_version=values.pop("script", None), safety=safety, **values
        )

    @extend_schema(
        request=WaitingReplyChangeSerializer,
        responses=WaitingReplySerializer,
        examples=[example("改到下午", CHANGE_EXAMPLE, request_only=True)],
    )
    def partial_update(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """改内容或时间，限本人写的、仍在等待的。"""
        return super().partial_update(request, *args, **kwargs)

    def update_instance(self, instance: WaitingReply, serializer: Any) -> WaitingReply:
        values = dict(serializer.validated_data)
        safety = taken_confirmation(values)
        if not values:
            sentence = _("请填写内容或发送时间。")
            raise InvalidInput(sentence, fields={"body": [sentence]})
        return waiting.change(waiting=instance, actor=self.request.user, safety=safety, **values)

    @extend_schema(request=None, responses=WaitingReplySerializer)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """撤回：不再发出，内容回到草稿。"""
        self.nothing_given()
        waiting.take_back(waiting=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(request=None, responses=WaitingReplySerializer)
    @action(detail=True, methods=["post"])
    def send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """立即发送。被拒绝时 state 为 failed，reason 说明原因，内容回到草稿。"""
        self.nothing_given()
        sending.send_at_once(waiting_reply=self.get_object(), actor=request.user)
        return self.shown(self.get_object())
