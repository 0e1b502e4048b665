"""/api/v1/appointments/: on-site and door service (B20)."""

from datetime import datetime, timedelta
from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MaskedAddress, MaskedPhone, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.language import mask_text
from tickets.appointment_choices import AppointmentState, ServiceResult
from tickets.models import Appointment, Attachment, Ticket
from tickets.services import appointments
from tickets.services.appointments.booking import ADDRESS_LENGTH, PHONE_LENGTH, REASON_LENGTH, TASK_LENGTH
from tickets.services.appointments.serving import NOTE_LENGTH, REVEALABLE, UNSIGNED_LENGTH

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
LARGEST = 2**63 - 1
BOOK_EXAMPLE = {
    "ticket": "26112100012345",
    "technician": 4,
    "starts_at": "2026-11-25T09:00:00+08:00",
    "ends_at": "2026-11-25T11:00:00+08:00",
    "address": "上海市徐汇区漕溪北路 88 号 1203 室",
    "task": "检修热水器，带 E3 主板",
}
MOVE_EXAMPLE = {
    "starts_at": "2026-11-26T14:00:00+08:00",
    "ends_at": "2026-11-26T16:00:00+08:00",
    "reason": "客户临时出差",
}
SERVE_EXAMPLE = {"result": "solved", "note": "已更换主板，试机半小时正常", "signature": 31}


class TechnicianField(serializers.IntegerField):
    """A colleague by id, among those the caller may see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        key = super().run_validation(data)
        people: Any = get_user_model().objects
        found = people.active().visible_to(self.context["request"].user).filter(pk=key).first()
        if found is None:
            raise serializers.ValidationError(_("没有这位同事。"))
        return found


class AppointmentBookSerializer(StrictSerializer):
    """预约上门：工单的 id 或工单号、服务人员、时间窗、地址。电话留空时用客户的手机号。"""

    ticket = CleanCharField(max_length=20)
    technician = TechnicianField()
    starts_at = MomentField()
    ends_at = MomentField()
    address = CleanCharField(max_length=ADDRESS_LENGTH)
    phone = CleanCharField(max_length=PHONE_LENGTH, required=False, allow_blank=True, default="")
    task = CleanCharField(max_length=TASK_LENGTH, multiline=True, required=False, allow_blank=True, default="")

    def validate_ticket(self, value: str) -> Ticket:
        found = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found  # type: ignore[no-any-return]


class AppointmentMoveSerializer(StrictSerializer):
    """改约：新的时间窗和原因；可换服务人员。"""

    starts_at = MomentField()
    ends_at = MomentField()
    reason = CleanCharField(max_length=REASON_LENGTH)
    technician = TechnicianField(required=False)


class AppointmentCancelSerializer(StrictSerializer):
    reason = CleanCharField(max_length=REASON_LENGTH)


class AppointmentServeSerializer(StrictSerializer):
    """服务结果。signature 是先上传的签名图片（附件 id）；没有签名时写明原因，客户不在除外。"""

    result = serializers.ChoiceField(choices=ServiceResult.choices)
    note = CleanCharField(max_length=NOTE_LENGTH, multiline=True, required=False, allow_blank=True, default="")
    signature = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    unsigned_reason = CleanCharField(max_length=UNSIGNED_LENGTH, required=False, allow_blank=True, default="")

    def validate_signature(self, value: int) -> Attachment:
        found = Attachment.objects.filter(pk=value, message=None, uploader=self.context["request"].user).first()
        if found is None:
            raise serializers.ValidationError(_("没有这个附件，或已用于其他消息。"))
        return found


class AppointmentRevealSerializer(StrictSerializer):
    field = serializers.ChoiceField(choices=REVEALABLE, required=False, default="address")  # type: ignore[assignment]
    reason = CleanCharField(max_length=200)


class RevealedAddressSerializer(serializers.Serializer):
    value = serializers.CharField()


class AppointmentSerializer(serializers.ModelSerializer):
    """一次上门预约。地址和电话只显示一部分，完整内容须写明原因查看。"""

    ticket_number = serializers.CharField(source="ticket.number")
    technician = PersonSerializer()
    booked_by = PersonSerializer()
    ended_by = PersonSerializer(allow_null=True)
    address = MaskedAddress()
    phone = MaskedPhone()
    task = serializers.SerializerMethodField()
    result_note = serializers.SerializerMethodField()
    signature = serializers.IntegerField(source="signature_id", allow_null=True)

    class Meta:
        model = Appointment
        fields = (
            "id", "ticket", "ticket_number", "technician", "state", "starts_at", "ends_at", "address", "phone",
            "task", "move_count", "reason", "booked_by", "booked_at", "reminded_at", "result", "result_note",
            "signature", "signature_sha256", "unsigned_reason", "ended_by", "ended_at",
        )  # fmt: skip

    def _words(self, text: str | None) -> str:
        return mask_text(text or "") if self.context["request"].user.is_auditor else text or ""

    def get_task(self, row: Appointment) -> str:
        return self._words(row.task)

    def get_result_note(self, row: Appointment) -> str:
        return self._words(row.result_note)


class AppointmentFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    technician = django_filters.NumberFilter(
        field_name="technician_id", decimal_places=0, min_value=1, max_value=LARGEST
    )
    state = django_filters.ChoiceFilter(choices=AppointmentState.choices)
    day = django_filters.DateFilter(method="of_day", label=gettext_lazy("当日开始的预约，如 2026-11-25"))

    class Meta:
        model = Appointment
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))

    def of_day(self, rows: Any, name: str, value: Any) -> Any:
        if not EARLIEST_YEAR <= value.year < LATEST_YEAR:
            return rows.none()
        morning = datetime(value.year, value.month, value.day, tzinfo=timezone.get_current_timezone())
        return rows.between(morning, morning + timedelta(days=1))


class AppointmentViewSet(CreateMixin, ReadViewSet):
    """上门预约：预约、改约、取消、登记结果与客户签名。同一服务人员的时间不能重叠。"""

    queryset = Appointment.objects.for_list()
    serializer_class = AppointmentBookSerializer
    read_serializer_class = AppointmentSerializer
    serializer_classes = {
        "move": AppointmentMoveSerializer,
        "cancel": AppointmentCancelSerializer,
        "complete": AppointmentServeSerializer,
        "reveal": AppointmentRevealSerializer,
    }
    filterset_class = AppointmentFilter
    ordering = ("starts_at", "id")
    ordering_options = {"starts_at": ("starts_at", "id"), "-starts_at": ("-starts_at", "-id")}
    required_permissions = {
        "list": "tickets.view_appointment",
        "retrieve": "tickets.view_appointment",
        "create": "tickets.add_appointment",
        "move": "tickets.change_appointment",
        "cancel": "tickets.change_appointment",
        "complete": "tickets.serve_appointment",
        "reveal": "customers.reveal_customer",
    }

    @extend_schema(
        request=AppointmentBookSerializer,
        responses={201: AppointmentSerializer},
        examples=[example("预约上门", BOOK_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """预约上门。过去的时间答 400；服务人员那时已有预约答 409（double_booked）。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Appointment:
        return appointments.book(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(
        request=AppointmentMoveSerializer,
        responses=AppointmentSerializer,
        examples=[example("改约", MOVE_EXAMPLE, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def move(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """改约：换时间，也可换人。"""
        found = self.get_object()
        return self.shown(appointments.move(appointment=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(
        request=AppointmentCancelSerializer,
        responses=AppointmentSerializer,
        examples=[example("取消", {"reason": "客户已自行修好"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """取消预约，服务人员的时间空出来。"""
        found = self.get_object()
        return self.shown(appointments.cancel(appointment=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(
        request=AppointmentServeSerializer,
        responses=AppointmentSerializer,
        examples=[example("登记结果", SERVE_EXAMPLE, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记服务结果和客户签名；签名图片随内部备注存入工单。"""
        found = self.get_object()
        return self.shown(appointments.serve(appointment=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(
        request=AppointmentRevealSerializer,
        responses=RevealedAddressSerializer,
        examples=[example("查看地址", {"reason": "今天上门"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """查看完整的地址（或电话），连同原因记入历史。"""
        found, data = self.get_object(), self.validated()
        value = appointments.reveal_address(appointment=found, actor=request.user, **data)  # type: ignore[arg-type]
        return Response({"value": value})
