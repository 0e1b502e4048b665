"""/api/v1/ladders/, /negotiations/ and /demands/ (C30, G14)"""

from decimal import Decimal
from typing import Any

import django_filters
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, KeanViewSet, ReadViewSet
from core.language import mask_text
from core.versions.api import (
    VERSION_FIELDS,
    VERSION_PEOPLE,
    VersionedViewSet,
    VersionSerializer,
    VersionWriteSerializer,
    rights,
    version_schemas,
)
from tickets.api.compensations import QuoteInputSerializer
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.shapes import TicketField
from tickets.compensation import LARGEST
from tickets.models import CustomerDemand, Ladder, LadderVersion, Negotiation, NegotiationOffer
from tickets.negotiation import demands, ladders, talks
from tickets.negotiation.choices import Answer, NegotiationState, Remedy
from tickets.negotiation.rungs import WORDS_LENGTH

_MONEY: dict[str, Any] = {"max_digits": 11, "decimal_places": 2, "max_value": LARGEST}
_SUM: dict[str, Any] = {"max_digits": 12, "decimal_places": 2}
RUNGS = [
    {"share": "0.4", "extra": "0", "words": "先按这个方案为您办理，可以吗？"},
    {"share": "1", "extra": "0.05", "words": "这是能给到的最高方案。"},
]
LADDER_EXAMPLE = example(
    "质量问题的阶梯",
    {"key": "quality", "title": "质量问题", "category": "商品质量问题", "rungs": RUNGS},
    request_only=True,
)
RUNGS_EXAMPLE = example(
    "第二版", {"rungs": RUNGS, "walk_away": "要求超过上限时转主管", "note": "提高上限"}, request_only=True
)
OPEN_EXAMPLE = example(
    "按商家自主补偿协商",
    {"ticket": "26112100012345", "case": "C-22", "inputs": {"P": "299.00", "severity": "0.10", "responsibility": "1"}},
    request_only=True,
)
OFFER_EXAMPLE = example("报价", {"amount": "20.00"}, request_only=True)
ANSWER_EXAMPLE = example("不接受并还价", {"answer": "declined", "countered": "60.00"}, request_only=True)
DEMAND_EXAMPLE = example(
    "要求退一赔三", {"ticket": "26112100012345", "amount": "200.00", "remedy": "compensation"}, request_only=True
)


def _words(serializer: serializers.BaseSerializer, text: str | None) -> str:
    return mask_text(text or "") if serializer.context["request"].user.is_auditor else text or ""


# Ladders


class RungSerializer(StrictSerializer):
    """一级：share 为下限到应付合计的比例（0–1），extra 为另加的实付价款比例（0–1）。"""

    share = serializers.DecimalField(max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1))
    extra = serializers.DecimalField(
        max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1), default=Decimal(0)
    )
    words = CleanCharField(max_length=WORDS_LENGTH, required=False, allow_blank=True, default="")

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        return {**values, "share": str(values["share"]), "extra": str(values["extra"])}


class LadderVersionWriteSerializer(VersionWriteSerializer):
    """新版本的级别；标题留空则沿用。"""

    body = None  # type: ignore[assignment]
    rungs = RungSerializer(many=True)
    walk_away = CleanCharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"body": ladders.words_of(attrs["rungs"])} if "rungs" in attrs else attrs


class LadderVersionSerializer(VersionSerializer):
    """阶梯的一个版本；body 为级别的文字。"""

    rungs = RungSerializer(many=True, read_only=True)
    write_serializer_class = LadderVersionWriteSerializer

    class Meta:
        model = LadderVersion
        fields = [*VERSION_FIELDS, "rungs", "walk_away"]
        read_only_fields = fields


class LadderSerializer(serializers.ModelSerializer):
    """协商阶梯；live_version 是当前使用的版本，进行中的协商保留开始时的版本。"""

    owner = PersonSerializer(allow_null=True)
    live_version = LadderVersionSerializer(allow_null=True)

    class Meta:
        model = Ladder
        fields = ("id", "key", "title", "category", "owner", "live_version", "created_at", "updated_at")


class LadderUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=200, required=False)
    category = CleanCharField(max_length=100, required=False, allow_blank=True)


class LadderCreateSerializer(StrictSerializer):
    """协商阶梯；同时给出 rungs 时建立第一份草稿。category 留空适用于其余所有分类。"""

    key = CleanCharField(max_length=100)
    title = CleanCharField(max_length=200)
    category = CleanCharField(max_length=100, required=False, allow_blank=True)
    rungs = RungSerializer(many=True, required=False)


@extend_schema_view(
    create=extend_schema(examples=[LADDER_EXAMPLE], request=LadderCreateSerializer),
    **version_schemas("ladders", LadderVersionSerializer, examples=[RUNGS_EXAMPLE]),
)
class LadderViewSet(VersionedViewSet):
    """协商阶梯：编写、审核、发布；每个分类一个。"""

    model = Ladder
    content = "rungs"
    filterset_class: Any = None
    read_serializer_class = LadderSerializer
    version_serializer_class = LadderVersionSerializer
    serializer_classes = {"create": LadderCreateSerializer, "partial_update": LadderUpdateSerializer}
    required_permissions = rights(Ladder, LadderVersion)

    def get_queryset(self) -> Any:
        people = (f"live_version__{role}" for role in VERSION_PEOPLE)
        return KeanViewSet.get_queryset(self).select_related("owner", "live_version", *people)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return mixins.ListModelMixin.list(self, request, *args, **kwargs)

    def create_item(self, data: dict[str, Any]) -> Ladder:
        return ladders.create_ladder(actor=self.request.user, **data)

    def draft_first(self, item: Ladder, content: Any) -> None:
        ladders.draft(ladder=item, actor=self.request.user, rungs=content)

    def update_instance(self, instance: Any, serializer: Any) -> Ladder:
        return ladders.update_ladder(ladder=instance, actor=self.request.user, changes=serializer.validated_data)


# Negotiations


class OfferSerializer(serializers.ModelSerializer):
    """一次报价与客户的答复。"""

    offered_by = PersonSerializer()
    answered_by = PersonSerializer(allow_null=True)
    answer = serializers.SerializerMethodField()
    approval = serializers.IntegerField(source="approval_id", allow_null=True)

    class Meta:
        model = NegotiationOffer
        fields = (
            "id", "number", "amount", "state", "reason", "approval", "offered_by", "created_at", "answer", "countered",
            "answered_by", "answered_at",
        )  # fmt: skip

    def get_answer(self, row: NegotiationOffer) -> str:
        return _words(self, row.answer)


class NegotiationSerializer(serializers.ModelSerializer):
    """一次协商：floor 法定下限，ceiling 阶梯上限，amounts 各级金额，next_amount 建议的下一报价。"""

    ticket_number = serializers.CharField(source="ticket.number")
    ladder = serializers.CharField(source="version.item.key")
    version = serializers.IntegerField(source="version.number")
    amounts = serializers.ListField(child=serializers.DecimalField(**_SUM))
    next_amount = serializers.SerializerMethodField()
    basis = serializers.ListField(child=serializers.CharField())
    walk_away = serializers.CharField(source="version.walk_away")
    opened_by = PersonSerializer()
    ended_by = PersonSerializer(allow_null=True)
    end_note = serializers.SerializerMethodField()
    offers = OfferSerializer(many=True)
    compensation = serializers.IntegerField(source="compensation_id", allow_null=True)

    class Meta:
        model = Negotiation
        fields = (
            "id", "ticket", "ticket_number", "ladder", "version", "case", "floor", "total", "ceiling", "amounts",
            "next_amount", "basis", "walk_away", "demanded", "state", "opened_by", "opened_at", "ended_by", "ended_at",
            "end_note", "offers", "compensation",
        )  # fmt: skip

    @extend_schema_field(serializers.DecimalField(**_SUM))
    def get_next_amount(self, row: Negotiation) -> str:
        return f"{talks.next_amount(row):.2f}"

    def get_end_note(self, row: Negotiation) -> str:
        return _words(self, row.end_note)


class NegotiationCreateSerializer(QuoteInputSerializer):
    """按情形与数据开始协商；下限、应付合计由测算得出，各级金额由分类的阶梯得出。"""

    ticket = TicketField()


class OfferCreateSerializer(StrictSerializer):
    """报价（元）。高于阶梯上限或授权额度时须写明理由，提交审批。"""

    amount = serializers.DecimalField(**_MONEY, min_value=Decimal("0.01"))
    reason = CleanCharField(max_length=talks.REASON_LENGTH, required=False, allow_blank=True)


class OfferAnswerSerializer(StrictSerializer):
    """客户的答复；不接受时可填还价。"""

    answer = serializers.ChoiceField(choices=Answer.choices)
    words = CleanCharField(max_length=talks.NOTE_LENGTH, multiline=True, required=False, allow_blank=True)
    countered = serializers.DecimalField(**_MONEY, min_value=Decimal("0.01"), required=False, allow_null=True)


class WalkAwaySerializer(StrictSerializer):
    note = CleanCharField(max_length=talks.NOTE_LENGTH, multiline=True)


class NegotiationFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20, label=_("工单的 id 或工单号"))
    state = django_filters.ChoiceFilter(choices=NegotiationState.choices)

    class Meta:
        model = Negotiation
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


_NUMBER = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)


@extend_schema_view(create=extend_schema(examples=[OPEN_EXAMPLE]))
class NegotiationViewSet(CreateMixin, ReadViewSet):
    """协商：开始、报价、登记答复、结束。首次报价不得低于法定下限，超过上限须审批。"""

    queryset = Negotiation.objects.for_list()
    read_serializer_class = NegotiationSerializer
    serializer_classes = {
        "create": NegotiationCreateSerializer,
        "offer": OfferCreateSerializer,
        "answer": OfferAnswerSerializer,
        "walk_away": WalkAwaySerializer,
    }
    filterset_class = NegotiationFilter
    required_permissions = {
        "list": "tickets.view_negotiation",
        "retrieve": "tickets.view_negotiation",
        "create": "tickets.add_negotiation",
        "offer": "tickets.add_negotiation",
        "answer": "tickets.add_negotiation",
        "walk_away": "tickets.add_negotiation",
    }

    def create_instance(self, serializer: Any) -> Negotiation:
        return talks.open_negotiation(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(request=OfferCreateSerializer, responses=NegotiationSerializer, examples=[OFFER_EXAMPLE])
    @action(detail=True, methods=["post"], url_path="offers")
    def offer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """报价。低于法定下限的拒绝；高于上限的转为审批。"""
        found = self.get_object()
        talks.make_offer(negotiation=found, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(
        parameters=[_NUMBER], request=OfferAnswerSerializer, responses=NegotiationSerializer, examples=[ANSWER_EXAMPLE]
    )
    @action(detail=True, methods=["post"], url_path=r"offers/(?P<number>[0-9]{1,4})/answer")
    def answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记客户对第几次报价的答复；接受时按报价给付补偿。"""
        offer = self.get_object().offers.filter(number=int(self.kwargs["number"])).first()
        if offer is None:
            raise Http404
        talks.answer_offer(offer=offer, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())

    @extend_schema(request=WalkAwaySerializer, responses=NegotiationSerializer)
    @action(detail=True, methods=["post"], url_path="walk-away")
    def walk_away(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """未达成，停止协商；法定部分仍须给付。"""
        talks.walk_away(negotiation=self.get_object(), actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())


# Demands


class DemandSerializer(serializers.ModelSerializer):
    """客户诉求：要求的金额、方式，至少一项。"""

    ticket_number = serializers.CharField(source="ticket.number")
    words = serializers.SerializerMethodField()
    recorded_by = PersonSerializer(allow_null=True)

    class Meta:
        model = CustomerDemand
        fields = ("id", "ticket", "ticket_number", "amount", "remedy", "words", "recorded_by", "recorded_at")

    def get_words(self, row: CustomerDemand) -> str:
        return _words(self, row.words)


class DemandCreateSerializer(StrictSerializer):
    """登记客户诉求；再次登记以最后一次为准。"""

    ticket = TicketField()
    amount = serializers.DecimalField(**_MONEY, min_value=Decimal(0), required=False, allow_null=True)
    remedy = serializers.ChoiceField(choices=Remedy.choices, required=False, allow_blank=True)
    words = CleanCharField(max_length=demands.WORDS_LENGTH, multiline=True, required=False, allow_blank=True)


class DemandFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20, label=_("工单的 id 或工单号"))

    class Meta:
        model = CustomerDemand
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


@extend_schema_view(create=extend_schema(examples=[DEMAND_EXAMPLE]))
class DemandViewSet(CreateMixin, ReadViewSet):
    """客户诉求：随投诉登记，选择方案时与成本、法定下限并列。"""

    queryset = CustomerDemand.objects.select_related("ticket", "recorded_by").defer("ticket__search")
    read_serializer_class = DemandSerializer
    serializer_class = DemandCreateSerializer
    filterset_class = DemandFilter
    required_permissions = {
        "list": "tickets.view_negotiation",
        "retrieve": "tickets.view_negotiation",
        "create": "tickets.change_ticket",
    }

    def create_instance(self, serializer: Any) -> CustomerDemand:
        return demands.record_demand(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]
