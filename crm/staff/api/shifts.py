"""/api/v1/shifts/, /api/v1/shift-templates/, /api/v1/peak-plans/"""

from typing import Any

import django_filters
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiTypes, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.fields import CleanCharField, MomentField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import ReadViewSet, WriteViewSet
from core.calendars.models import BusinessCalendar
from core.exports import export_response
from crm.staff.api.serializers import RowField
from crm.staff.models import PeakPlan, ShiftPlan, ShiftTemplate, User
from crm.staff.person import person_of
from crm.staff.services import peaks, shifts
from crm.staff.shift_files import COLUMNS, import_shifts
from tickets.models import Queue

SHIFT = {"user": "zhangwei", "starts_at": "2026-11-11T09:00:00+08:00", "ends_at": "2026-11-11T18:00:00+08:00"}
PEAK = {
    "name": "双十一",
    "starts_at": "2026-11-10T20:00:00+08:00",
    "ends_at": "2026-11-12T00:00:00+08:00",
    "greeting": "大促咨询量大，客服正按顺序回复，请稍候。",
    "limit_percent": 150,
    "sla_note": "大促期间首次回复约需 10 分钟。",
}


class ShiftSerializer(serializers.ModelSerializer):
    queue = serializers.CharField(source="queue.key", default=None, allow_null=True)
    username = serializers.CharField(source="user.username")

    class Meta:
        model = ShiftPlan
        fields = ("id", "user", "username", "starts_at", "ends_at", "queue", "template", "peak", "created_at")


def _queue_field() -> RowField:
    return RowField(rows=Queue.objects.all(), words=("key", "name"), required=False, allow_null=True)


class ShiftCreateSerializer(StrictSerializer):
    """`user` by id or username; `queue` by id, key or name, left out for every queue of theirs."""

    user = RowField(rows=User.objects.all(), words=("username",))
    starts_at = MomentField()
    ends_at = MomentField()
    queue = _queue_field()


class ShiftChangeSerializer(StrictSerializer):
    starts_at = MomentField(required=False)
    ends_at = MomentField(required=False)
    queue = _queue_field()


class ShiftFileSerializer(StrictSerializer):
    file = serializers.FileField()


class ImportedSerializer(serializers.Serializer):
    class Fault(serializers.Serializer):
        line = serializers.IntegerField()
        reason = serializers.CharField()

    created = serializers.IntegerField()
    existing = serializers.IntegerField()
    errors = Fault(many=True)  # type: ignore[assignment]


class ShiftFilter(django_filters.FilterSet):
    user = django_filters.NumberFilter(field_name="user_id", min_value=1, max_value=2**63 - 1, decimal_places=0)
    queue = django_filters.CharFilter(field_name="queue__key", max_length=100)

    class Meta:
        model = ShiftPlan
        fields: list[str] = []


# `from` is a word of the language, so these two cannot be written as attributes.
ShiftFilter.base_filters["from"] = django_filters.IsoDateTimeFilter(
    field_name="ends_at", lookup_expr="gt", label=_("从（含）")
)
ShiftFilter.base_filters["to"] = django_filters.IsoDateTimeFilter(
    field_name="starts_at", lookup_expr="lt", label=_("到（不含）")
)


@extend_schema_view(create=extend_schema(examples=[example("一个班次", SHIFT, request_only=True)]))
class ShiftViewSet(WriteViewSet):
    """班次。"""

    queryset = ShiftPlan.objects.select_related("user", "queue")
    read_serializer_class = ShiftSerializer
    serializer_class = ShiftCreateSerializer
    serializer_classes = {"partial_update": ShiftChangeSerializer, "import_file": ShiftFileSerializer}
    filterset_class = ShiftFilter
    ordering = ("starts_at", "id")
    required_permissions = {
        "list": "staff.view_shiftplan",
        "retrieve": "staff.view_shiftplan",
        "create": "staff.add_shiftplan",
        "partial_update": "staff.change_shiftplan",
        "destroy": "staff.delete_shiftplan",
        "import_file": "staff.add_shiftplan",
        "export": "staff.add_shiftplan",
    }

    def create_instance(self, serializer: Any) -> ShiftPlan:
        return shifts.create_shift(actor=person_of(self.request), **serializer.validated_data)

    def update_instance(self, instance: ShiftPlan, serializer: Any) -> ShiftPlan:
        return shifts.change_shift(shift=instance, actor=person_of(self.request), **serializer.validated_data)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """取消班次；已开始的到此为止。"""
        shifts.cancel_shift(shift=self.get_object(), actor=person_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request={"multipart/form-data": ShiftFileSerializer}, responses=ImportedSerializer)
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[MultiPartParser])
    def import_file(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """导入 CSV 或 XLSX：列为员工、开始时间、结束时间、队列。有错的行不影响其他行。"""
        done = import_shifts(upload=self.validated()["file"], actor=person_of(request))
        return Response(ImportedSerializer(done).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=False, methods=["get"])
    def export(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """未结束的班次，CSV。"""
        return export_response(
            request._request,
            rows=upcoming(self.get_queryset()),
            columns=COLUMNS,
            permission="staff.add_shiftplan",
            kind="shift",
            file_format="csv",
        )


def upcoming(rows: Any) -> Any:
    """Plain shifts that are not over, in order of time."""
    return rows.filter(ends_at__gt=clock.now(), peak=None).order_by("starts_at", "id")


class TemplateShiftSerializer(serializers.Serializer):
    user = serializers.IntegerField(source="user_id")
    weekday = serializers.IntegerField()
    hours = serializers.CharField()
    queue = serializers.IntegerField(source="queue_id", allow_null=True)


class ShiftTemplateSerializer(serializers.ModelSerializer):
    shifts = TemplateShiftSerializer(many=True)

    class Meta:
        model = ShiftTemplate
        fields = ("id", "name", "makeup_weekday", "shifts")


class CopySerializer(StrictSerializer):
    first = serializers.DateField()
    last = serializers.DateField()
    calendar = RowField(rows=BusinessCalendar.objects.all(), words=("name",), required=False, allow_null=True)


class CopiedSerializer(serializers.Serializer):
    made = serializers.SerializerMethodField()
    skipped = serializers.ListField(child=serializers.CharField())
    holidays = serializers.ListField(child=serializers.DateField())

    def get_made(self, done: Any) -> int:
        return len(done.made)


class ShiftTemplateViewSet(ReadViewSet):
    """班次模板。"""

    queryset = ShiftTemplate.objects.prefetch_related("shifts")
    visible_to_all = True
    read_serializer_class = ShiftTemplateSerializer
    serializer_classes = {"copy": CopySerializer}
    ordering = ("id",)
    required_permissions = {
        "list": "staff.view_shifttemplate",
        "retrieve": "staff.view_shifttemplate",
        "copy": "staff.add_shiftplan",
    }

    @extend_schema(
        request=CopySerializer,
        responses=CopiedSerializer,
        examples=[example("一周", {"first": "2026-11-16", "last": "2026-11-22"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """按模板排班；日历的休息日不排，周末调休上班日按模板设定的星期排。"""
        done = shifts.copy_template(template=self.get_object(), actor=person_of(request), **self.validated())
        return Response(CopiedSerializer(done).data)


class PeakPlanSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    name = CleanCharField(max_length=100)
    starts_at = MomentField()
    ends_at = MomentField()
    greeting = CleanCharField(max_length=500, required=False, allow_blank=True)
    limit_percent = serializers.IntegerField(min_value=1, max_value=500, required=False)
    sla_note = CleanCharField(max_length=200, required=False, allow_blank=True)
    template = RowField(rows=ShiftTemplate.objects.all(), words=("name",), required=False, allow_null=True)
    state = serializers.CharField(read_only=True, help_text="ahead, running, over, stopped")
    stopped_at = serializers.DateTimeField(read_only=True, allow_null=True)


@extend_schema_view(create=extend_schema(examples=[example("双十一", PEAK, request_only=True)]))
class PeakPlanViewSet(WriteViewSet):
    """大促计划：到点自动切换，到点自动恢复。"""

    queryset = PeakPlan.objects.select_related("template")
    serializer_class = PeakPlanSerializer
    required_permissions = {
        "list": "staff.view_peakplan",
        "retrieve": "staff.view_peakplan",
        "create": "staff.add_peakplan",
        "partial_update": "staff.change_peakplan",
        "stop": "staff.change_peakplan",
    }

    def create_instance(self, serializer: Any) -> PeakPlan:
        return peaks.save_peak(plan=None, actor=person_of(self.request), values=serializer.validated_data)

    def update_instance(self, instance: PeakPlan, serializer: Any) -> PeakPlan:
        return peaks.save_peak(plan=instance, actor=person_of(self.request), values=serializer.validated_data)

    @extend_schema(request=None, responses=PeakPlanSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """提前结束。"""
        self.nothing_given()
        return self.shown(peaks.stop_peak(plan=self.get_object(), actor=person_of(request)))
