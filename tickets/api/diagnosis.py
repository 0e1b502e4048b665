"""/api/v1/diagnosis-runs/"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.errors import InvalidInput
from core.text import row_id
from knowledge.api.diagnosis import DiagnosisStepSerializer
from knowledge.choices import DiagnosisOutcome
from knowledge.diagnosis.tree import ANSWER_LENGTH, KEY_LENGTH, stored
from knowledge.models import DiagnosisTree
from tickets.aftersales_choices import AfterSalesKind, AfterSalesReason, GoodsCondition
from tickets.api.aftersales.shapes import BIGGEST_ID, order_of
from tickets.api.compensations import InputsField
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.shapes import TicketField
from tickets.models import DiagnosisRun
from tickets.services import diagnosis

ANSWER = example("选择回答", {"step": "1", "choice": "不能"}, request_only=True)


class DiagnosisStartSerializer(StrictSerializer):
    """在工单上开始诊断；同一版本没做完的接着做。"""

    ticket = TicketField()
    tree = CleanCharField(max_length=100, help_text=_("故障诊断的编号或 id"))

    def validate_tree(self, value: str) -> DiagnosisTree:
        rows = DiagnosisTree.objects.visible_to(self.context["request"].user)
        found = rows.filter(key=value).first()
        if found is None:
            found = rows.filter(pk=row_id(value)).first()
        if found is None:
            raise serializers.ValidationError(_("没有这个故障诊断。"))
        return found


class DiagnosisAnswerSerializer(StrictSerializer):
    """回答当前一步。"""

    step = CleanCharField(max_length=KEY_LENGTH)
    choice = CleanCharField(max_length=ANSWER_LENGTH)


class DiagnosisApplySerializer(StrictSerializer):
    """按诊断结论登记售后；方案、原因、故障描述已预填，details 可补充。"""

    order = CleanCharField(max_length=100, help_text=_("订单号，或订单的 id"))
    order_item = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=BIGGEST_ID)
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    category = CleanCharField(max_length=50, required=False, allow_blank=True)
    condition = serializers.ChoiceField(choices=GoodsCondition.choices, required=False)
    details = InputsField(required=False)
    has_evidence = serializers.BooleanField(required=False)
    exception = CleanCharField(max_length=300, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["order"] = order_of(attrs["order"], self.context["request"].user)
        item = attrs.pop("order_item", None)
        if item is not None:
            attrs["order_item"] = attrs["order"].items.filter(pk=item).first()
            if attrs["order_item"] is None:
                raise serializers.ValidationError({"order_item": [_("这件商品不在这张订单里。")]})
        return attrs


class DiagnosisAnsweredSerializer(serializers.Serializer):
    step = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField()


class DiagnosisProposalSerializer(serializers.Serializer):
    """售后申请的预填内容。"""

    kind = serializers.ChoiceField(choices=AfterSalesKind.choices)
    reason = serializers.ChoiceField(choices=AfterSalesReason.choices)
    note = serializers.CharField()
    details = InputsField()


class DiagnosisRunSerializer(serializers.ModelSerializer):
    """一次诊断：走过的步骤、当前的提问或结论、售后预填。"""

    ticket_number = serializers.CharField(source="ticket.number")
    tree = serializers.CharField(source="version.item.key")
    tree_title = serializers.CharField(source="version.title")
    version_number = serializers.IntegerField(source="version.number")
    path = DiagnosisAnsweredSerializer(many=True)
    outcome = serializers.ChoiceField(choices=DiagnosisOutcome.choices, allow_blank=True)
    asked = serializers.SerializerMethodField(help_text=_("现在要回答的一步"))
    proposal = serializers.SerializerMethodField()
    actor = PersonSerializer()

    class Meta:
        model = DiagnosisRun
        fields = (
            "id", "ticket", "ticket_number", "tree", "tree_title", "version", "version_number", "path", "asked",
            "outcome", "conclusion", "proposal", "aftersales", "actor", "started_at", "finished_at",
        )  # fmt: skip

    @extend_schema_field(DiagnosisStepSerializer(allow_null=True))
    def get_asked(self, row: DiagnosisRun) -> Any:
        step = diagnosis.asked_now(row)
        return stored([step])[0] if step is not None else None

    @extend_schema_field(DiagnosisProposalSerializer(allow_null=True))
    def get_proposal(self, row: DiagnosisRun) -> Any:
        found = diagnosis.proposal(row)
        return DiagnosisProposalSerializer(found).data if found is not None else None


class OutcomeCountSerializer(serializers.Serializer):
    """一种结论的次数；outcome 为空的是没做完的。"""

    outcome = serializers.ChoiceField(choices=DiagnosisOutcome.choices, allow_blank=True)
    label = serializers.CharField()  # type: ignore[assignment]
    runs = serializers.IntegerField()


class DiagnosisRunFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    outcome = django_filters.MultipleChoiceFilter(choices=DiagnosisOutcome.choices, distinct=False)

    class Meta:
        model = DiagnosisRun
        fields: list[str] = []

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class DiagnosisRunViewSet(CreateMixin, ReadViewSet):
    """故障诊断记录：开始、回答、退一步、按结论登记售后。"""

    queryset = DiagnosisRun.objects.for_list()
    serializer_class = DiagnosisStartSerializer
    read_serializer_class = DiagnosisRunSerializer
    serializer_classes = {"answer": DiagnosisAnswerSerializer, "apply": DiagnosisApplySerializer}
    filterset_class = DiagnosisRunFilter
    extra_query_parameters = {"outcomes": ("tree",)}
    required_permissions = {
        "list": "tickets.view_diagnosisrun",
        "retrieve": "tickets.view_diagnosisrun",
        "create": "tickets.add_diagnosisrun",
        "answer": "tickets.add_diagnosisrun",
        "back": "tickets.add_diagnosisrun",
        "apply": "tickets.add_aftersales",
        "outcomes": "knowledge.view_diagnosistree",
    }

    def create_instance(self, serializer: Any) -> DiagnosisRun:
        made = diagnosis.start(actor=self.request.user, **serializer.validated_data)
        return self._all_rows().get(pk=made.pk)  # type: ignore[no-any-return]

    @extend_schema(request=DiagnosisAnswerSerializer, responses=DiagnosisRunSerializer, examples=[ANSWER])
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """回答当前一步。step 不是当前步骤时 409 moved_on。"""
        diagnosis.answer(run=self.get_object(), actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(request=None, responses=DiagnosisRunSerializer)
    @action(detail=True, methods=["post"])
    def back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """退回上一步。"""
        self.nothing_given()
        diagnosis.go_back(run=self.get_object(), actor=request.user)  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(request=DiagnosisApplySerializer, responses=DiagnosisRunSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """按诊断结论登记售后，一次诊断只能登记一次。"""
        diagnosis.apply(run=self.get_object(), actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(
        parameters=[OpenApiParameter("tree", OpenApiTypes.STR, required=True)],
        responses=OutcomeCountSerializer(many=True),
    )
    @action(detail=False, methods=["get"], filterset_class=None, pagination_class=None)
    def outcomes(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """一个故障诊断近一年各结论的次数，tree 为编号。"""
        key = request.query_params.get("tree", "").replace("\x00", "")[:100]
        tree = DiagnosisTree.objects.visible_to(request.user).filter(key=key).first()
        if tree is None:
            sentence = str(_("没有这个故障诊断。"))
            raise InvalidInput(sentence, fields={"tree": [sentence]})
        return Response(OutcomeCountSerializer(diagnosis.outcomes_of(tree), many=True).data)
