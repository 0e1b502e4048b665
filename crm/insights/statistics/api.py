"""Statistics over HTTP: handling, causes, compensation and its budgets, returns."""

from datetime import date
from typing import Any, TypeVar, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.fields import CleanCharField
from core.api.filters import refuse_unknown_parameters
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.errors import InvalidInput
from crm.insights.statistics import returns
from crm.insights.statistics.asked import NONE, Asked
from crm.insights.statistics.budgets import RIGHT, Use, set_budget, spent_in, uses
from crm.insights.statistics.causes import cause_report
from crm.insights.statistics.costs import GROUPS, CostsAsked, cost_facts, cost_table, month_lines, sum_of
from crm.insights.statistics.handling import DIMENSIONS, handling_table
from crm.insights.statistics.returns import ReturnsAsked, returns_table
from crm.insights.statistics.tickets import OUTCOMES, TicketsAsked
from crm.staff.models import User
from customers.choices import ShopPlatform
from customers.models import Shop
from tickets.aftersales_choices import AfterSalesKind, AfterSalesReason
from tickets.choices import Cause, TicketType

Kind = TypeVar("Kind", bound=Asked)
REPORTS = "insights.view_report"
#: Parts that are one of a few words.
WORDS: dict[str, Any] = {
    "type": TicketType.values,
    "platform": ShopPlatform.values,
    "cause": Cause.values,
    "outcome": OUTCOMES,
    "kind": AfterSalesKind.values,
}


def _parameters(kind: type[Asked], *more: str) -> list[OpenApiParameter]:
    return [
        OpenApiParameter("from", str, description="YYYY-MM-DD"),
        OpenApiParameter("to", str, description="YYYY-MM-DD"),
        *(OpenApiParameter(name, str) for name in (*kind.readers, *more)),
    ]


def _asked(view: APIView, request: Request, form: type[Kind], *more: str, **usual: str) -> Kind:
    """The question, or 400 naming what cannot be answered."""
    refuse_unknown_parameters(request, view, ("from", "to", *form.readers, *more))
    asked = form.of(request.query_params, **usual)
    faults = {"from": [asked.fault]} if asked.fault else {}
    for name, words in WORDS.items():
        if (word := asked.parts.get(name, "")) and word != NONE and word not in words:
            faults[name] = [_("没有这一项。")]
    shop = asked.parts.get("shop", "")
    if shop and shop != NONE and not Shop.objects.filter(key=shop).exists():
        faults["shop"] = [_("没有这家店铺。")]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)
    return asked


class HandlingLineSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField()
    share = serializers.FloatField()
    handled = serializers.IntegerField(help_text=lazy("解决过的"))
    median = serializers.FloatField(allow_null=True, help_text=lazy("处理时长中位数，秒"))
    p90 = serializers.FloatField(allow_null=True)
    sla = serializers.FloatField(allow_null=True)
    met = serializers.IntegerField()
    missed = serializers.IntegerField()
    reopen = serializers.FloatField(allow_null=True)
    reopened = serializers.IntegerField()
    compensated = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)


class HandlingSerializer(serializers.Serializer):
    """类型与时效：每行一类，各行占比之和为 1。"""

    by = serializers.CharField(source="dimension.key")
    lines = HandlingLineSerializer(many=True)
    total = HandlingLineSerializer(allow_null=True)


class HandlingView(APIView):
    """类型与时效统计：件数、占比、处理时长中位数与 P90、达标率、重开率、补偿金额。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(parameters=_parameters(TicketsAsked, "by"), responses=HandlingSerializer)
    def get(self, request: Request) -> Response:
        """`by` 为 category（默认）、type、level、shop、product；不写 type 时只算投诉。"""
        by = request.query_params.get("by", "category")
        usual = "" if by == "type" else TicketType.COMPLAINT.value
        asked = _asked(self, request, TicketsAsked, "by", type=usual)
        if by not in DIMENSIONS:
            sentence = _("没有这一项。")
            raise InvalidInput(sentence, fields={"by": [sentence]})
        return Response(HandlingSerializer(handling_table(cast(User, request.user), asked, DIMENSIONS[by])).data)


class CauseLineSerializer(serializers.Serializer):
    cause = serializers.ChoiceField(Cause.choices, source="share.cause")
    label = serializers.CharField()
    complaints = serializers.IntegerField(source="share.complaints")
    of_complaints = serializers.FloatField(source="share.of_complaints")
    of_mentions = serializers.FloatField(source="share.of_mentions")
    weighted = serializers.FloatField(source="share.weighted")


class CauseStatisticsSerializer(serializers.Serializer):
    """投诉原因：占投诉之和可超过 1，占提及与加权占比之和为 1。"""

    known = serializers.IntegerField()
    unknown = serializers.IntegerField()
    lines = CauseLineSerializer(many=True)


class CauseView(APIView):
    """投诉原因统计，一件投诉可有几个原因。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(parameters=_parameters(TicketsAsked), responses=CauseStatisticsSerializer)
    def get(self, request: Request) -> Response:
        """只算投诉。"""
        asked = _asked(self, request, TicketsAsked).narrowed(type=TicketType.COMPLAINT.value)
        return Response(CauseStatisticsSerializer(cause_report(cast(User, request.user), asked)).data)


class CostLineSerializer(serializers.Serializer):
    label = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    share = serializers.FloatField()


class BudgetUseSerializer(serializers.Serializer):
    """一个月的预算与已用；reached 为已到的比例（80、100）。"""

    month = serializers.DateField(source="budget.month")
    shop = serializers.CharField(source="budget.shop.key", default=None, allow_null=True)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, source="budget.amount")
    spent = serializers.DecimalField(max_digits=14, decimal_places=2)
    percent = serializers.DecimalField(max_digits=19, decimal_places=2)
    reached = serializers.ListField(child=serializers.IntegerField())


class CostSerializer(serializers.Serializer):
    """补偿成本：合计，按月、补偿情形、投诉分类、商品、经办人，以及各月预算。"""

    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    month = CostLineSerializer(many=True)
    reason = CostLineSerializer(many=True)
    category = CostLineSerializer(many=True)
    product = CostLineSerializer(many=True)
    person = CostLineSerializer(many=True)
    budgets = BudgetUseSerializer(many=True)


class CostView(APIView):
    """补偿成本统计，按决定日；不含驳回、过期与冲正。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(parameters=_parameters(CostsAsked), responses=CostSerializer)
    def get(self, request: Request) -> Response:
        """各组金额之和相等。"""
        user, asked = cast(User, request.user), _asked(self, request, CostsAsked)
        facts = cost_facts(user, asked)
        total = sum_of(facts)
        found: dict[str, Any] = {group.key: cost_table(facts, asked, group).lines for group in GROUPS.values()}
        found |= {"count": total.count, "amount": total.amount, "month": month_lines(facts, asked)}
        found["budgets"] = uses(asked.period.first, asked.period.last)
        return Response(CostSerializer(found).data)


class ReturnLineSerializer(serializers.Serializer):
    label = serializers.CharField()
    count = serializers.IntegerField()
    share = serializers.FloatField()
    misadvised = serializers.IntegerField(help_text=lazy("其中原因为“与客服描述不符”"))


class ReturnSerializer(serializers.Serializer):
    """退货申请：按原因、当时的客服、当时的话术版本。"""

    count = serializers.IntegerField()
    reason = ReturnLineSerializer(many=True)
    advisor = ReturnLineSerializer(many=True)
    script = ReturnLineSerializer(many=True)


class ReturnView(APIView):
    """退货原因统计。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(parameters=_parameters(ReturnsAsked), responses=ReturnSerializer)
    def get(self, request: Request) -> Response:
        """不写 kind 时只算退货退款。"""
        asked = _asked(self, request, ReturnsAsked, **returns.USUAL)
        if asked["reason"] and asked["reason"] not in AfterSalesReason.values:
            sentence = _("没有这一项。")
            raise InvalidInput(sentence, fields={"reason": [sentence]})
        user = cast(User, request.user)
        tables = {group.key: returns_table(user, asked, group) for group in returns.GROUPS.values()}
        found: dict[str, Any] = {key: table.lines for key, table in tables.items()}
        return Response(ReturnSerializer(found | {"count": tables["reason"].count}).data)


@extend_schema_field(str)
class MonthSerializerField(serializers.Field):
    """A month as "2026-11"; its value is the first day."""

    def to_internal_value(self, data: Any) -> date:
        try:
            return date.fromisoformat(f"{data}-01" if isinstance(data, str) and len(data) == 7 else "")
        except ValueError:
            raise serializers.ValidationError(_("请填写月份，如 2026-11。")) from None

    def to_representation(self, value: date) -> str:
        return f"{value:%Y-%m}"


class BudgetSetSerializer(StrictSerializer):
    month = MonthSerializerField()
    shop = CleanCharField(max_length=100, required=False, allow_blank=True, help_text=lazy("不填为全部店铺"))
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=1)


class BudgetView(APIView):
    """补偿预算：各月一个，另可为各店铺各设一个；用到 80% 和 100% 时各提醒一次。"""

    required_permissions = {"get": REPORTS, "post": RIGHT}

    @extend_schema(
        parameters=[OpenApiParameter("from", str), OpenApiParameter("to", str)],
        responses=BudgetUseSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """这些日子所在各月的预算与已用。"""
        asked = _asked(self, request, Asked)
        return Response(BudgetUseSerializer(uses(asked.period.first, asked.period.last), many=True).data)

    @extend_schema(
        request=BudgetSetSerializer,
        responses=BudgetUseSerializer,
        examples=[example("十一月的预算", {"month": "2026-11", "amount": "20000.00"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """设置一个月的预算；再设一次即修改。"""
        given = BudgetSetSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        key = values.pop("shop", "")
        shop = Shop.objects.filter(key=key).first() if key else None
        if key and shop is None:
            sentence = _("没有这家店铺。")
            raise InvalidInput(sentence, fields={"shop": [sentence]})
        budget = set_budget(actor=cast(User, request.user), shop=shop, **values)
        return Response(BudgetUseSerializer(Use(budget, spent_in(budget.month, budget.shop_id))).data)
