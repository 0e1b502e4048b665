"""/api/v1/legal-cases/"""

from typing import Any

import django_filters
from django.http import FileResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from customers.choices import ShopPlatform
from tickets.api.legal.shapes import IdField, Masked, TicketField
from tickets.legal_choices import Authority, CaseEvent, CaseOutcome, CaseState, Matter
from tickets.models import LegalCase, LegalClock, LegalMoment, Ticket
from tickets.services.legal import cases, packs

CASE_EXAMPLE = {
    "authority": "12315",
    "external_number": "310104-2026-118822",
    "received_at": "2026-11-02T10:00:00+08:00",
    "ticket": "26112100012345",
}
MOMENT_EXAMPLE = {"event": "accepted", "at": "2026-11-05T09:30:00+08:00"}


class LegalCaseDeadlineSerializer(serializers.ModelSerializer):
    rule = serializers.CharField(source="rule.code")
    what = serializers.CharField(source="title")

    class Meta:
        model = LegalClock
        fields = (
            "id", "rule", "what", "due_at", "clock", "started_at", "basis", "is_ours", "is_provisional", "problem",
            "met_at", "missed_at",
        )  # fmt: skip


class LegalMomentSerializer(serializers.ModelSerializer):
    class Meta:
        model = LegalMoment
        fields = ("event", "at", "note")


class LegalCaseSerializer(Masked, serializers.ModelSerializer):
    """一件监管、平台、消协或诉讼争议。deadlines 按截止时间排列，不含已不适用的。"""

    ticket_number = serializers.CharField(source="ticket.number", allow_null=True, default=None)
    owner = PersonSerializer(allow_null=True)
    created_by = PersonSerializer()
    closed_by = PersonSerializer(allow_null=True)
    summary = serializers.SerializerMethodField()
    outcome_note = serializers.SerializerMethodField()
    moments = LegalMomentSerializer(many=True)
    deadlines = serializers.SerializerMethodField()

    class Meta:
        model = LegalCase
        fields = (
            "id", "authority", "platform", "matter", "external_number", "received_at", "reply_due_at", "ticket",
            "ticket_number", "companion", "summary", "state", "outcome", "outcome_note", "owner", "created_by",
            "created_at", "closed_by", "closed_at", "moments", "deadlines",
        )  # fmt: skip

    def get_summary(self, row: LegalCase) -> str:
        return self.words(row.summary)

    def get_outcome_note(self, row: LegalCase) -> str:
        return self.words(row.outcome_note)

    @extend_schema_field(LegalCaseDeadlineSerializer(many=True))
    def get_deadlines(self, row: LegalCase) -> Any:
        found = [clock for clock in row.clocks.all() if clock.dropped_at is None]
        found.sort(key=lambda clock: (clock.due_at is None, clock.due_at or clock.started_at, clock.pk))
        return LegalCaseDeadlineSerializer(found, many=True).data


class LegalCaseInputSerializer(StrictSerializer):
    """登记争议：机关、对方编号、收到时间；平台介入可注明平台，不注明时取工单店铺的平台。"""

    authority = serializers.ChoiceField(choices=Authority.choices)
    external_number = CleanCharField(max_length=cases.NUMBER_LENGTH)
    received_at = MomentField()
    ticket = TicketField(required=False, allow_null=True)
    platform = serializers.ChoiceField(choices=ShopPlatform.choices, required=False)
    matter = serializers.ChoiceField(choices=Matter.choices, required=False)
    summary = CleanCharField(max_length=cases.SUMMARY_LENGTH, multiline=True, required=False, allow_blank=True)
    reply_due_at = MomentField(required=False, allow_null=True)
    companion = IdField(
        required=False, allow_null=True, help_text=gettext_lazy("同一来件的另一案（投诉与举报分开登记）")
    )

    def validate_companion(self, value: int | None) -> LegalCase | None:
        if value is None:
            return None
        found = LegalCase.objects.visible_to(self.context["request"].user).filter(pk=value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这件案件。"))
        return found  # type: ignore[no-any-return]


class LegalMomentInputSerializer(StrictSerializer):
    """进展：受理、要求补充举证、作出决定、结案、鉴定开始和结束……相应的时限随之起算或暂停。"""

    event = serializers.ChoiceField(choices=CaseEvent.choices)
    at = MomentField()
    note = CleanCharField(max_length=cases.NOTE_LENGTH, required=False, allow_blank=True)


class LegalCaseCloseSerializer(StrictSerializer):
    outcome = serializers.ChoiceField(choices=CaseOutcome.choices)
    note = CleanCharField(max_length=cases.SUMMARY_LENGTH, multiline=True, required=False, allow_blank=True)


class EvidencePackInputSerializer(StrictSerializer):
    """写明原因时包含完整个人信息（须有权限并留痕），不写则脱敏。"""

    reason = CleanCharField(max_length=packs.REASON_LENGTH, required=False, allow_blank=True, default="")
    file_type = serializers.ChoiceField(choices=list(packs.FILE_TYPES), required=False, default=packs.ZIP)


PACK_RESPONSES = {(200, kind): OpenApiResponse(OpenApiTypes.BINARY) for kind in packs.FILE_TYPES.values()}


def pack_response(made: packs.MadePack) -> FileResponse:
    """The pack as a download; its manifest's hash stands in a header too."""
    response = FileResponse(made.file, as_attachment=True, filename=made.name, content_type=made.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    response["X-Manifest-Sha256"] = made.row.digest
    return response


def of_ticket(rows: Any, value: str) -> Any:
    return rows.filter(ticket__in=Ticket.objects.all().named(value))


class CaseFilter(django_filters.FilterSet):
    authority = django_filters.ChoiceFilter(choices=Authority.choices)
    platform = django_filters.ChoiceFilter(choices=ShopPlatform.choices)
    state = django_filters.ChoiceFilter(choices=CaseState.choices)
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    external_number = django_filters.CharFilter(max_length=100)

    class Meta:
        model = LegalCase
        fields: list[str] = []

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class LegalCaseViewSet(CreateMixin, ReadViewSet):
    """监管与平台争议：12315、平台介入、消协、在线和解、诉讼；时限自动计算。"""

    queryset = LegalCase.objects.for_list().prefetch_related("moments", "clocks__rule")
    serializer_class = LegalCaseInputSerializer
    read_serializer_class = LegalCaseSerializer
    serializer_classes = {
        "moments": LegalMomentInputSerializer,
        "close": LegalCaseCloseSerializer,
        "evidence_pack": EvidencePackInputSerializer,
    }
    filterset_class = CaseFilter
    required_permissions = {
        "list": "tickets.view_legalcase",
        "retrieve": "tickets.view_legalcase",
        "create": "tickets.add_legalcase",
        "moments": "tickets.change_legalcase",
        "close": "tickets.close_legalcase",
        "evidence_pack": "tickets.add_evidencepack",
    }

    @extend_schema(
        request=LegalCaseInputSerializer,
        responses={201: LegalCaseSerializer},
        examples=[example("12315 投诉", CASE_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记争议。未来的时间、三年前的时间、不认识的机关答 400；同一编号已登记答 409。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> LegalCase:
        return self._fresh(cases.open_case(actor=self.request.user, **serializer.validated_data))  # type: ignore[arg-type]

    def _fresh(self, case: LegalCase) -> LegalCase:
        found: LegalCase = self._all_rows().get(pk=case.pk)
        return found

    @extend_schema(
        request=LegalMomentInputSerializer,
        responses={201: LegalCaseSerializer},
        examples=[example("机关受理", MOMENT_EXAMPLE, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def moments(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记进展，相应的时限随之起算。"""
        case = self.get_object()
        cases.record_moment(case=case, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self._fresh(case), status_code=201)

    @extend_schema(
        request=LegalCaseCloseSerializer,
        responses=LegalCaseSerializer,
        examples=[example("和解", {"outcome": "settled", "note": "退款并补偿运费"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """结案。有错过的我方时限没有原因和补救时答 409。"""
        case = self.get_object()
        cases.close_case(case=case, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self._fresh(case))

    @extend_schema(
        request=EvidencePackInputSerializer,
        responses=PACK_RESPONSES,
        examples=[example("提交 12315", {"reason": "12315 要求提供材料", "file_type": "pdf"}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="evidence-pack")
    def evidence_pack(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """导出证据包：订单、会话、物流、附件、已固定的证据，连同每个文件的指纹；可只要其中的 PDF。"""
        case = self.get_object()
        return pack_response(packs.make_pack(actor=request.user, case=case, **self.validated()))  # type: ignore[arg-type]
