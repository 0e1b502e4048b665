"""/api/v1/remedy-report/ and /api/v1/after-sales-report/"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.fields import CleanCharField
from core.api.filters import refuse_unknown_parameters
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.errors import InvalidInput
from crm.insights.improvements.api import ImprovementSerializer
from crm.insights.questions import Question
from crm.insights.remedies import after_sales, comparing, findings
from crm.insights.remedies.after_sales import FRAME, MEASURES, PLATFORM, TABLES, Finding
from crm.insights.remedies.cases import asked
from crm.insights.remedies.comparing import RemedyEffect
from crm.staff.person import person_of

REPORTS = "insights.view_report"
ASKED = ("from", "to", "queue", "channel")
_DAYS = {"from": "YYYY-MM-DD", "to": "YYYY-MM-DD"}
PARAMETERS = [OpenApiParameter(name, str, description=_DAYS.get(name, "")) for name in ASKED]


def refuse_faults(request: Request, question: Question) -> None:
    """400 for what could not be read of the address, by name."""
    faults = {"from": [question.fault]} if question.fault else {}
    for name, found, sentence in (
        ("queue", question.queue, _("没有这个队列。")),
        ("channel", question.channel, _("没有这个渠道。")),
    ):
        if request.query_params.get(name) and found is None:
            faults[name] = [sentence]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)


class SpreadSerializer(serializers.Serializer):
    low = serializers.FloatField()
    high = serializers.FloatField()


class RemedyShareSerializer(serializers.Serializer):
    """比例（0–1）与 95% 置信区间；n 不足 30 时 is_enough 为假。"""

    hits = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    interval = SpreadSerializer(allow_null=True)
    is_enough = serializers.BooleanField()


class RemedyMeanSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    interval = SpreadSerializer(allow_null=True)
    is_enough = serializers.BooleanField()


class RemedyLineSerializer(serializers.Serializer):
    """一种处理方式，或一段用时；cost 元，hours 小时。"""

    key = serializers.CharField(allow_blank=True)
    label = serializers.CharField()
    n = serializers.IntegerField()
    is_enough = serializers.BooleanField()
    satisfied = RemedyShareSerializer()
    repurchased = RemedyShareSerializer()
    repeated = RemedyShareSerializer()
    cost = RemedyMeanSerializer()
    hours = RemedyMeanSerializer()


class RemedyEffectSerializer(serializers.Serializer):
    """有补救与相似但无补救的投诉相比；difference 为比例之差（0–1）。"""

    key = serializers.CharField()
    label = serializers.CharField()
    treated = RemedyShareSerializer(source="found.treated")
    plain = RemedyShareSerializer(source="found.plain")
    unmatched = serializers.IntegerField(source="found.unmatched")
    difference = serializers.FloatField(source="found.difference", allow_null=True)
    interval = SpreadSerializer(source="found.interval", allow_null=True)
    p_value = serializers.FloatField(source="found.p_value", allow_null=True)
    verdict = serializers.CharField(help_text=lazy("too_few 样本不足、chance、better、worse"))
    sentence = serializers.CharField(source="verdict_label")


class RemedyReportSerializer(serializers.Serializer):
    """结案满 30 天的投诉：处理方式对比、补救效果、补救快慢。"""

    total = RemedyLineSerializer()
    methods = RemedyLineSerializer(many=True)
    effects = RemedyEffectSerializer(many=True)
    speeds = RemedyLineSerializer(many=True)


class RemedyReportView(APIView):
    """处理方式对比与补救效果：默认为最近可复盘的 90 天，按结案日。"""

    required_permissions = {"get": REPORTS}
    action = "get"
    extra_query_parameters = {"get": ASKED}

    @extend_schema(parameters=PARAMETERS, responses=RemedyReportSerializer)
    def get(self, request: Request) -> Response:
        refuse_unknown_parameters(request, self, ())
        person = person_of(request)
        question = asked(request.query_params, person)
        refuse_faults(request, question)
        found = {
            "total": comparing.total(person, question),
            "methods": comparing.methods(person, question),
            "effects": RemedyEffect(person, question).effects,
            "speeds": comparing.speeds(person, question),
        }
        return Response(RemedyReportSerializer(found).data)


class AfterSalesLineSerializer(serializers.Serializer):
    key = serializers.CharField(allow_blank=True)
    label = serializers.CharField()
    n = serializers.IntegerField()
    shares = serializers.DictField(child=RemedyShareSerializer(), help_text=lazy("各指标，按名称"))
    days = RemedyMeanSerializer(help_text=lazy("从申请到办结的天数"))


class AfterSalesTableSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    lines = AfterSalesLineSerializer(many=True)


class AfterSalesReportSerializer(serializers.Serializer):
    """售后评价：评价、投诉、超时与用时，按方案、原因、店铺。"""

    total = AfterSalesLineSerializer()
    tables = AfterSalesTableSerializer(many=True)


DIMENSION_CHOICES = [(key, title) for key, (title, _column) in TABLES.items()]


class AfterSalesFindingSerializer(StrictSerializer):
    """一个发现：哪个指标，哪个维度的哪一行；不填维度表示全部。"""

    measure = serializers.ChoiceField(choices=[(measure.key, measure.label) for measure in MEASURES.values()])
    dimension = serializers.ChoiceField(choices=DIMENSION_CHOICES, required=False, allow_blank=True)
    value = CleanCharField(max_length=100, required=False, allow_blank=True)
    shop = CleanCharField(max_length=100, required=False, allow_blank=True)
    platform = serializers.ChoiceField(
        choices=[(key, choice.label) for key, choice in PLATFORM.items()], required=False, allow_blank=True
    )


class AfterSalesReportView(APIView):
    """售后评价报表，默认最近 14 天，按申请日；POST 把一个发现立为改进项。"""

    required_permissions = {"get": REPORTS, "post": ("insights.view_report", "insights.add_improvement")}
    action = "get"
    extra_query_parameters = {"get": (*ASKED, "shop", "platform")}

    def _question(self, request: Request) -> Question:
        refuse_unknown_parameters(request, self, ())
        question = Question.of(request.query_params, person_of(request))
        refuse_faults(request, question)
        return question

    @extend_schema(
        parameters=[*PARAMETERS, OpenApiParameter("shop", str), OpenApiParameter("platform", str)],
        responses=AfterSalesReportSerializer,
    )
    def get(self, request: Request) -> Response:
        question = self._question(request)
        given = request.query_params
        if given.get("platform", "") not in ("", *PLATFORM):
            sentence = _("没有这个平台。")
            raise InvalidInput(sentence, fields={"platform": [sentence]})
        read = FRAME.read(given)
        chosen = {name: read[name] for name in ("shop", "platform") if read.get(name)}
        person = person_of(request)
        found = {
            "total": after_sales.total(person, question, chosen),
            "tables": after_sales.tables(person, question, chosen),
        }
        return Response(AfterSalesReportSerializer(found).data)

    @extend_schema(
        parameters=PARAMETERS,
        request=AfterSalesFindingSerializer,
        responses={201: ImprovementSerializer},
        examples=[
            example(
                "换货的投诉率", {"measure": "complaint", "dimension": "kind", "value": "exchange"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        question = self._question(request)
        given = AfterSalesFindingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        blank = dict.fromkeys(Finding.names(), "")
        finding = Finding(**{**blank, **given.validated_data})
        item = findings.improve(actor=person_of(request), finding=finding, question=question)
        shown = ImprovementSerializer(item, context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)
