"""/api/v1/compensations/"""

from decimal import Decimal
from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
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
from tickets.choices import CompensationForm, CompensationStatus
from tickets.compensation import CASES, LARGEST, Quote
from tickets.models import Compensation, Ticket
from tickets.services import compensations
from tickets.services.compensations import said

QUOTE_EXAMPLE = {"case": "C-04", "inputs": {"P": "50.00"}}
GRANT_EXAMPLE = {
    "ticket": "26112100012345",
    "case": "C-22",
    "inputs": {"P": "299.00", "severity": "0.10", "responsibility": "1"},
    "amount": "29.90",
}
_OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field(_OBJECT)
class InputsField(serializers.JSONField):
    """Values by name; which ones is said by the case."""

    default_error_messages = {"object": gettext_lazy("请提交一个 JSON 对象。")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            self.fail("object")
        return dict(value)


class QuoteInputSerializer(StrictSerializer):
    """情形与数据。数据的名称见情形说明：P 实付价款、L 损失、F 发货运费、Fr 退货运费、q 数量。"""

    case = serializers.ChoiceField(choices=[(case.id, gettext_lazy(case.title)) for case in CASES.values()])
    inputs = InputsField()


class TermSerializer(serializers.Serializer):
    label = serializers.CharField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=2)


class QuoteSerializer(serializers.Serializer):
    """测算结果：total = refund + additional；floor 法定下限，cap 规则上限。"""

    case = serializers.CharField()
    title = serializers.CharField()
    refund = serializers.DecimalField(max_digits=20, decimal_places=2)
    additional = serializers.DecimalField(max_digits=20, decimal_places=2)
    total = serializers.DecimalField(max_digits=20, decimal_places=2)
    floor = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    cap = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    basis = serializers.ListField(child=serializers.CharField())
    requires_approval = serializers.BooleanField()
    notes = serializers.ListField(child=serializers.CharField())
    terms = TermSerializer(many=True)

    def to_representation(self, instance: Quote) -> dict[str, Any]:
        return super().to_representation(
            {
                **{name: getattr(instance, name) for name in ("case", "refund", "additional", "total", "floor", "cap")},
                "title": _(instance.title),
                "basis": [_(article) for article in instance.basis],
                "requires_approval": instance.requires_approval,
                "notes": [said(note.text, note.values) for note in instance.notes],
                "terms": [{"label": _(term.label), "amount": term.amount} for term in instance.terms],
            }
        )


class GrantSerializer(QuoteInputSerializer):
    """补偿：工单的 id 或工单号、情形、数据、金额（元，两位小数）。"""

    ticket = serializers.CharField(max_length=20)
    amount = serializers.DecimalField(max_digits=11, decimal_places=2, min_value=Decimal("0.01"), max_value=LARGEST)
    form = serializers.ChoiceField(choices=CompensationForm.choices, required=False)
    note = CleanCharField(
        max_length=compensations.NOTE_LENGTH, multiline=True, required=False, allow_blank=True, default=""
    )
    override_reason = CleanCharField(
        max_length=300, required=False, allow_blank=True, help_text=gettext_lazy("低于法定下限时由主管填写理由")
    )

    def validate_ticket(self, value: str) -> Ticket:
        found = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found


class PaySerializer(StrictSerializer):
    """打款流水号，可留空。"""

    reference = CleanCharField(max_length=100, required=False, allow_blank=True)


class PayoutReasonSerializer(StrictSerializer):
    """原因，必填，最多 200 字。"""

    reason = CleanCharField(max_length=200)


class CompensationSerializer(serializers.ModelSerializer):
    """一笔补偿；测算部分（情形、数据、下限、依据）不可更改。"""

    ticket_number = serializers.CharField(
        source="ticket.number", allow_null=True, default=None, help_text=gettext_lazy("服务中断方案给付的没有工单")
    )
    order_no = serializers.CharField(source="disruption_order.order.order_no", allow_null=True, default=None)
    inputs = InputsField()
    basis = serializers.SerializerMethodField()
    notes = serializers.SerializerMethodField()
    terms = TermSerializer(many=True)
    approval = serializers.IntegerField(source="approval_id", allow_null=True)
    granted_by = PersonSerializer()
    paid_by = PersonSerializer(allow_null=True)
    note = serializers.SerializerMethodField()

    class Meta:
        model = Compensation
        fields = (
            "id", "ticket", "ticket_number", "order_no", "case", "form", "inputs", "amount", "refund", "additional",
            "total", "floor", "cap", "basis", "terms", "notes", "status", "note", "approval", "granted_by",
            "granted_at", "decided_at", "paid_by", "paid_at", "reference", "failed_at", "failure", "reversed_at",
            "reversal", "is_below_floor", "floor_reason",
        )  # fmt: skip

    def get_basis(self, row: Compensation) -> list[str]:
        return [_(article) for article in row.basis]

    def get_notes(self, row: Compensation) -> list[str]:
        return [said(note["text"], note["values"]) for note in row.notes]

    def get_note(self, row: Compensation) -> str:
        return mask_text(row.note) if self.context["request"].user.is_auditor else row.note


class CompensationFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20)
    status = django_filters.ChoiceFilter(choices=CompensationStatus.choices)
    case = django_filters.ChoiceFilter(choices=[(case.id, gettext_lazy(case.title)) for case in CASES.values()])

    class Meta:
        model = Compensation
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(ticket__in=Ticket.objects.all().named(value))


class CompensationViewSet(CreateMixin, ReadViewSet):
    """补偿：测算、给付、打款。"""

    queryset = Compensation.objects.for_list()
    read_serializer_class = CompensationSerializer
    serializer_classes = {
        "create": GrantSerializer,
        "quote": QuoteInputSerializer,
        "pay": PaySerializer,
        "fail": PayoutReasonSerializer,
        "reverse": PayoutReasonSerializer,
    }
    required_permissions = {
        "list": "tickets.view_compensation",
        "retrieve": "tickets.view_compensation",
        "create": "tickets.add_compensation",
        "quote": "tickets.view_compensation",
        "pay": "tickets.pay_compensation",
        "fail": "tickets.pay_compensation",
        "reverse": "tickets.pay_compensation",
    }
    filterset_class = CompensationFilter

    @extend_schema(
        request=GrantSerializer,
        responses={201: CompensationSerializer},
        examples=[example("商家自主补偿", GRANT_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """给付补偿。低于法定下限的拒绝并说明依据；超出授权额度的转为审批。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Compensation:
        return compensations.grant(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(
        request=QuoteInputSerializer,
        responses=QuoteSerializer,
        examples=[example("欺诈：退一赔三", QUOTE_EXAMPLE, request_only=True)],
    )
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def quote(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """按情形测算应付金额、法定下限、上限与依据，不写入任何记录。"""
        found = compensations.quote(actor=request.user, **self.validated())  # type: ignore[arg-type]
        return Response(QuoteSerializer(found).data)

    @extend_schema(
        request=PaySerializer,
        responses=CompensationSerializer,
        examples=[example("登记打款", {"reference": "20261122-0001"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def pay(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记打款，只生效一次；重复请求返回第一次的结果。"""
        found = self.get_object()
        reference = self.validated().get("reference", "")
        return self.shown(compensations.pay(compensation=found, actor=request.user, reference=reference))  # type: ignore[arg-type]

    @extend_schema(request=PayoutReasonSerializer, responses=CompensationSerializer)
    @action(detail=True, methods=["post"])
    def fail(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记打款失败，可以再次打款。"""
        found = self.get_object()
        return self.shown(compensations.fail(compensation=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(request=PayoutReasonSerializer, responses=CompensationSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """冲正：款项退回或作废，不能再打款。"""
        found = self.get_object()
        return self.shown(compensations.reverse(compensation=found, actor=request.user, **self.validated()))  # type: ignore[arg-type]
