"""/api/v1/solutions/ and what similar complaints were given"""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.fields import CleanCharField
from core.api.filters import refuse_unknown_parameters
from core.api.schema import example
from core.api.serializers import StrictSerializer
from tickets.api.legal.shapes import TicketField
from tickets.api.serializers import SuggestionScriptSerializer
from tickets.choices import TicketType
from tickets.compensation import LARGEST
from tickets.models import Ticket
from tickets.negotiation.weighing import weigh
from tickets.services import solutions
from tickets.services.precedents import Precedents, aftermath_of, precedents_of
from tickets.services.suggestions import asked

BURDENS = [(word, word) for word in ("person", "queue", "department")]
SOURCES = [(word, word) for word in ("rule", "precedent", "baseline")]
_MONEY = {"max_digits": 11, "decimal_places": 2, "max_value": LARGEST}


class MatterSerializer(StrictSerializer):
    """ticket，或分类、金额、凭证、客户类型；都给时以给出的为准。"""

    ticket = TicketField(required=False, help_text=lazy("工单的 id 或工单号"))
    category = CleanCharField(max_length=100, required=False, allow_blank=True)
    text = CleanCharField(max_length=2000, multiline=True, required=False, allow_blank=True)
    amount = serializers.DecimalField(
        **_MONEY, min_value=Decimal("0.01"), required=False, help_text=lazy("实付价款（元）")
    )
    has_evidence = serializers.BooleanField(required=False)
    customer_types = serializers.ListField(child=CleanCharField(max_length=50), required=False, max_length=20)
    demanded = serializers.DecimalField(
        **_MONEY, min_value=Decimal(0), required=False, help_text=lazy("客户要求的金额（元），留空取已登记的诉求")
    )
    type = serializers.ChoiceField(choices=TicketType.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "ticket" not in attrs and not (attrs.get("category") or attrs.get("text")):
            raise serializers.ValidationError({"category": [_("请填写分类、内容或工单。")]})
        return attrs


class BurdenSerializer(serializers.Serializer):
    """执行者现在未完成的工作：person 负责人和 queue 队列为未结工单数，department 部门为未完成任务数。"""

    kind = serializers.ChoiceField(choices=BURDENS)
    name = serializers.CharField()
    open = serializers.IntegerField()


class MinimumSerializer(serializers.Serializer):
    """法定下限与依据；金额缺实付价款时为 null。"""

    amount = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    title = serializers.CharField()
    basis = serializers.ListField(child=serializers.CharField())


class SolutionSerializer(serializers.Serializer):
    """一个方案。cost 为预计成本，缺数据时为 null；floor 为该方案的下限。

    demanded 为客户要求的金额，gap 为其高出成本的部分；legal_minimum 为法定下限，is_lawful 为成本不低于它。
    """

    source = serializers.ChoiceField(source="solution.source", choices=SOURCES)
    case = serializers.CharField(source="solution.case")
    title = serializers.CharField(source="solution.title")
    cost = serializers.DecimalField(source="solution.cost", max_digits=20, decimal_places=2, allow_null=True)
    floor = serializers.DecimalField(source="solution.floor", max_digits=20, decimal_places=2, allow_null=True)
    basis = serializers.ListField(source="solution.basis", child=serializers.CharField())
    n = serializers.IntegerField(source="solution.n", help_text=lazy("先例件数"))
    script = SuggestionScriptSerializer(source="solution.script", allow_null=True)
    notes = serializers.ListField(source="solution.notes", child=serializers.CharField())
    demanded = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    gap = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    legal_minimum = MinimumSerializer(source="minimum", allow_null=True)
    is_lawful = serializers.BooleanField(allow_null=True)
    load = BurdenSerializer(source="burdens", many=True)


class SolutionView(APIView):
    """方案建议：按法规与先例给出至少一个方案，含预计成本、依据与话术。"""

    required_permissions = {"post": "tickets.view_compensation"}

    @extend_schema(
        request=MatterSerializer,
        responses=SolutionSerializer(many=True),
        examples=[
            example(
                "质量问题", {"category": "商品质量问题", "amount": "168.00", "has_evidence": True}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """没有先例时说明，并给出法定基准；客户要求、成本、负荷与法定下限并列。"""
        serializer = MatterSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        matter = self._matter(request, given)
        found = weigh(matter, given.get("ticket"), demanded=given.get("demanded"))
        return Response(SolutionSerializer(found.options, many=True).data)

    def _matter(self, request: Request, given: dict[str, Any]) -> solutions.Matter:
        ticket: Ticket | None = given.get("ticket")
        if ticket is not None:
            known = solutions.matter_of(ticket, asked(ticket))
        else:
            known = solutions.Matter(category="", text="", price=None, has_evidence=False)
        return solutions.Matter(
            category=given.get("category", known.category),
            text=given.get("text", known.text),
            price=given.get("amount", known.price),
            has_evidence=given.get("has_evidence", known.has_evidence),
            customer_types=given.get("customer_types", known.customer_types),
            ticket_type=given.get("type", known.ticket_type),
        )


class AftermathSerializer(serializers.Serializer):
    """结案已满 30 天的同类投诉，和其中 30 天内再次投诉的件数。"""

    n = serializers.IntegerField()
    repeated = serializers.IntegerField()


class PrecedentSerializer(serializers.Serializer):
    """同类投诉的结果：补偿金额占实付价款的比例（1 = 全额）。binds 为真时，超出 P10–P90 须写理由。"""

    category = serializers.CharField()
    band_low = serializers.DecimalField(source="band.low", max_digits=12, decimal_places=2)
    band_high = serializers.DecimalField(source="band.high", max_digits=12, decimal_places=2, allow_null=True)
    n = serializers.IntegerField(source="spread.n")
    p10 = serializers.FloatField(source="spread.p10", allow_null=True)
    median = serializers.FloatField(source="spread.median", allow_null=True)
    p90 = serializers.FloatField(source="spread.p90", allow_null=True)
    binds = serializers.BooleanField(source="spread.binds")
    aftermath = AftermathSerializer()


class PrecedentQuery(serializers.Serializer):
    category = CleanCharField(max_length=100)
    amount = serializers.DecimalField(**_MONEY, min_value=Decimal("0.01"))


class PrecedentView(APIView):
    """先例分布：同分类、同价位的补偿占实付的比例。"""

    required_permissions = {"get": "tickets.view_compensation"}
    action = "get"
    extra_query_parameters = {"get": ("category", "amount")}

    @extend_schema(parameters=[PrecedentQuery], responses=PrecedentSerializer)
    def get(self, request: Request) -> Response:
        """件数、P10、中位数、P90。"""
        refuse_unknown_parameters(request, self, ())
        query = PrecedentQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        found: Precedents = precedents_of(category=given["category"], price=given["amount"])
        after = aftermath_of(category=given["category"], price=given["amount"])
        return Response(PrecedentSerializer({**vars(found), "aftermath": after}).data)
