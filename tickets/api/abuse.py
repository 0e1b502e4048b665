"""/api/v1/abuse-reports/: abuse of the people at the desk, reported, decided, relieved (B21)."""

from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.language import mask_text
from tickets.choices import AbuseState
from tickets.models import AbuseReport, Ticket
from tickets.services import abuse

REASON_LENGTH = 300


class AbuseInputSerializer(StrictSerializer):
    """报告恶意攻击：会话连同指纹存证，主管收到提醒。wants_relief 为真时这张工单换人处理。"""

    ticket = CleanCharField(max_length=20, help_text=gettext_lazy("工单的 id 或工单号"))
    note = CleanCharField(max_length=abuse.NOTE_LENGTH, multiline=True, required=False, allow_blank=True, default="")
    wants_relief = serializers.BooleanField(required=False, default=False)

    def validate_ticket(self, value: str) -> Ticket:
        found = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found  # type: ignore[no-any-return]


class AbuseConfirmSerializer(StrictSerializer):
    """确认并标记客户若干天，到期自动取消。"""

    days = serializers.IntegerField(min_value=1, max_value=abuse.LONGEST)
    reason = CleanCharField(max_length=REASON_LENGTH, required=False, allow_blank=True, default="")


class AbuseRejectSerializer(StrictSerializer):
    reason = CleanCharField(max_length=REASON_LENGTH)


class AbuseReportSerializer(serializers.ModelSerializer):
    """一份报告。digest 是存证会话的 SHA-256，is_intact 表示存证未被改动。"""

    ticket_number = serializers.CharField(source="ticket.number")
    reporter = PersonSerializer()
    decided_by = PersonSerializer(allow_null=True)
    note = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    is_intact = serializers.SerializerMethodField()

    class Meta:
        model = AbuseReport
        fields = (
            "id", "ticket", "ticket_number", "reporter", "note", "digest", "is_intact", "state", "created_at",
            "relieved_at", "decided_by", "decided_at", "reason", "flagged_until",
        )  # fmt: skip

    def _words(self, text: str) -> str:
        return mask_text(text) if self.context["request"].user.is_auditor else text

    def get_note(self, row: AbuseReport) -> str:
        return self._words(row.note or "")

    def get_reason(self, row: AbuseReport) -> str:
        return self._words(row.reason)

    def get_is_intact(self, row: AbuseReport) -> bool:
        return abuse.is_intact(row)


class CalmExitSerializer(serializers.Serializer):
    """平静结束的话术；version 填入回复的 script。"""

    key = serializers.CharField()
    title = serializers.CharField()
    preview = serializers.CharField()
    version = serializers.IntegerField(source="version_id")


class AbuseFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    state = django_filters.ChoiceFilter(choices=AbuseState.choices)

    class Meta:
        model = AbuseReport
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))


class AbuseReportViewSet(CreateMixin, ReadViewSet):
    """恶意攻击：存证、提醒主管、换人；客户只在主管确认后才被标记，到期自动取消。"""

    queryset = AbuseReport.objects.select_related("ticket", "reporter", "decided_by").defer("ticket__search")
    serializer_class = AbuseInputSerializer
    read_serializer_class = AbuseReportSerializer
    serializer_classes = {"confirm": AbuseConfirmSerializer, "reject": AbuseRejectSerializer}
    filterset_class = AbuseFilter
    required_permissions = {
        "list": "tickets.view_abusereport",
        "retrieve": "tickets.view_abusereport",
        "create": "tickets.add_abusereport",
        "relief": "tickets.add_abusereport",
        "confirm": "tickets.judge_abusereport",
        "reject": "tickets.judge_abusereport",
        "calm_exit": "scripts_library.view_scripttemplate",
    }

    @extend_schema(
        request=AbuseInputSerializer,
        responses={201: AbuseReportSerializer},
        examples=[example("报告", {"ticket": "26112100012345", "note": "连续辱骂，已提醒两次"}, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """报告恶意攻击。同一工单有待处理的报告时答 409。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> AbuseReport:
        return abuse.report_abuse(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(request=None, responses=AbuseReportSerializer)
    @action(detail=True, methods=["post"])
    def relief(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """报告人请求换人处理这张工单。"""
        self.nothing_given()
        report = self.get_object()
        return self.shown(abuse.ask_relief(report=report, actor=request.user))  # type: ignore[arg-type]

    @extend_schema(
        request=AbuseConfirmSerializer,
        responses=AbuseReportSerializer,
        examples=[example("确认", {"days": 30, "reason": "录音属实"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """主管确认，客户标记若干天。"""
        report = self.get_object()
        return self.shown(abuse.confirm(report=report, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(
        request=AbuseRejectSerializer,
        responses=AbuseReportSerializer,
        examples=[example("驳回", {"reason": "客户只是着急"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """主管驳回，客户不被标记；存证保留。"""
        report = self.get_object()
        return self.shown(abuse.reject(report=report, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(responses=CalmExitSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], url_path="calm-exit", pagination_class=None, filterset_class=None)
    def calm_exit(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """平静结束会话的话术。"""
        return Response(CalmExitSerializer(abuse.calm_exit_scripts(), many=True).data)
