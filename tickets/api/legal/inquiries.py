"""/api/v1/investigations/, /api/v1/legal-reviews/ and /api/v1/claim-facts/"""

from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.helpers import forced_singular_serializer
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
from core.api.viewsets import CreateMixin, KeanViewSet, ReadViewSet
from core.errors import InvalidInput
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.evidence import FrozenEvidenceSerializer
from tickets.api.legal.shapes import IdField, Masked, TicketField
from tickets.legal_choices import EntryKind, InvestigationState, Speaker
from tickets.models import ContactAttempt, Investigation, InvestigationEntry, LegalReview, Ticket
from tickets.services.legal import claim_facts, investigations, reviews

NOT_A_JUDGEMENT = gettext_lazy("以上只是事实统计，不是判断；不得据此拒绝或减少法定权利。")


class InvestigationInputSerializer(StrictSerializer):
    """开始调查：要查清的问题。"""

    ticket = TicketField()
    questions = serializers.ListField(
        child=CleanCharField(max_length=investigations.TEXT_LENGTH, multiline=True),
        min_length=1,
        max_length=investigations.MOST_QUESTIONS,
    )


class InquiryQuestionSerializer(StrictSerializer):
    text = CleanCharField(max_length=investigations.TEXT_LENGTH, multiline=True)


class InquiryStatementSerializer(StrictSerializer):
    """陈述：谁说了什么，回答哪个问题（可不填）。"""

    speaker = serializers.ChoiceField(choices=Speaker.choices)
    text = CleanCharField(max_length=investigations.TEXT_LENGTH, multiline=True)
    answers = IdField(required=False, allow_null=True)


class InquiryCallSerializer(StrictSerializer):
    outcome = serializers.ChoiceField(choices=ContactAttempt.Outcome.choices)
    note = CleanCharField(max_length=500, required=False, allow_blank=True)


class InquiryConcludeSerializer(StrictSerializer):
    conclusion = CleanCharField(max_length=investigations.CONCLUSION_LENGTH, multiline=True)


class InquiryEntrySerializer(Masked, serializers.ModelSerializer):
    text = serializers.SerializerMethodField()
    actor = PersonSerializer()

    class Meta:
        model = InvestigationEntry
        fields = ("id", "kind", "text", "answers", "speaker", "digest", "actor", "at")

    def get_text(self, row: InvestigationEntry) -> str:
        return self.words(row.text)


class InquiryLoggedCallSerializer(serializers.ModelSerializer):
    actor = PersonSerializer(allow_null=True)

    class Meta:
        model = ContactAttempt
        fields = ("id", "outcome", "note", "actor", "attempted_at")


class InvestigationSerializer(Masked, serializers.ModelSerializer):
    """一项调查：问题、陈述、证据、通话和结论；陈述与证据不可更改。"""

    ticket_number = serializers.CharField(source="ticket.number")
    owner = PersonSerializer()
    concluded_by = PersonSerializer(allow_null=True)
    conclusion = serializers.SerializerMethodField()
    entries = InquiryEntrySerializer(many=True)
    evidence = FrozenEvidenceSerializer(many=True)
    calls = serializers.SerializerMethodField()

    class Meta:
        model = Investigation
        fields = (
            "id", "ticket", "ticket_number", "state", "owner", "opened_at", "entries", "evidence", "calls",
            "conclusion", "digest", "concluded_by", "concluded_at",
        )  # fmt: skip

    def get_conclusion(self, row: Investigation) -> str:
        return self.words(row.conclusion)

    @extend_schema_field(InquiryLoggedCallSerializer(many=True))
    def get_calls(self, row: Investigation) -> Any:
        since = [call for call in row.ticket.contact_attempts.all() if call.attempted_at >= row.opened_at]
        return InquiryLoggedCallSerializer(since, many=True).data


class InvestigationFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    state = django_filters.ChoiceFilter(choices=InvestigationState.choices)

    class Meta:
        model = Investigation
        fields: list[str] = []

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class InvestigationViewSet(CreateMixin, ReadViewSet):
    """调查：问题、陈述、证据、回访通话、结论。"""

    queryset = (
        Investigation.objects.select_related("ticket", "owner", "concluded_by")
        .defer("ticket__search")
        .prefetch_related(
            "entries__actor", "evidence__frozen_by", "evidence__ticket", "ticket__contact_attempts__actor"
        )
    )
    serializer_class = InvestigationInputSerializer
    read_serializer_class = InvestigationSerializer
    serializer_classes = {
        "questions": InquiryQuestionSerializer,
        "statements": InquiryStatementSerializer,
        "calls": InquiryCallSerializer,
        "conclude": InquiryConcludeSerializer,
    }
    filterset_class = InvestigationFilter
    required_permissions = {
        "list": "tickets.view_investigation",
        "retrieve": "tickets.view_investigation",
        "create": "tickets.add_investigation",
        "questions": "tickets.change_investigation",
        "statements": "tickets.change_investigation",
        "calls": "tickets.change_investigation",
        "conclude": "tickets.change_investigation",
    }

    def _after(self, row: Investigation, status: int = 200) -> Response:
        return self.shown(self._all_rows().get(pk=row.pk), status_code=status)

    @extend_schema(
        request=InvestigationInputSerializer,
        responses={201: InvestigationSerializer},
        examples=[
            example(
                "开始", {"ticket": "26112100012345", "questions": ["何时破损？", "外箱是否完好？"]}, request_only=True
            )
        ],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """开始调查。工单已有进行中的调查时答 409。"""
        made = investigations.open_investigation(actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self._after(made, 201)

    @extend_schema(
        request=InquiryQuestionSerializer,
        responses={201: InvestigationSerializer},
        examples=[example("问题", {"text": "快递何时签收？"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def questions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """追加一个问题。"""
        row = self.get_object()
        investigations.ask(investigation=row, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self._after(row, 201)

    @extend_schema(
        request=InquiryStatementSerializer,
        responses={201: InvestigationSerializer},
        examples=[
            example("陈述", {"speaker": "customer", "text": "收到时外箱已压扁", "answers": 3}, request_only=True)
        ],
    )
    @action(detail=True, methods=["post"])
    def statements(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """记录陈述，之后不可更改。"""
        row, data = self.get_object(), dict(self.validated())
        answers = data.pop("answers", None)
        if answers is not None:
            data["answers"] = row.entries.filter(pk=answers, kind=EntryKind.QUESTION).first()
            if data["answers"] is None:
                sentence = _("没有这个问题。")
                raise InvalidInput(sentence, fields={"answers": [sentence]})
        investigations.state(investigation=row, actor=request.user, **data)  # type: ignore[arg-type]
        return self._after(row, 201)

    @extend_schema(
        request=InquiryCallSerializer,
        responses={201: InvestigationSerializer},
        examples=[example("未接通", {"outcome": "unreachable", "note": "响铃无人接"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def calls(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记一次回访通话，接通与否都记。"""
        row = self.get_object()
        investigations.call(investigation=row, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self._after(row, 201)

    @extend_schema(
        request=InquiryConcludeSerializer,
        responses=InvestigationSerializer,
        examples=[example("结论", {"conclusion": "运输中挤压，责任在承运商"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def conclude(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """写下结论并封存。"""
        row = self.get_object()
        investigations.conclude(investigation=row, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self._after(row)


class ClaimFactSerializer(serializers.Serializer):
    key = serializers.CharField()
    value = serializers.CharField()
    sentence = serializers.CharField()


class ClaimFactsSerializer(serializers.Serializer):
    facts = ClaimFactSerializer(many=True)
    notice = serializers.CharField()


class LegalReviewInputSerializer(StrictSerializer):
    """提请法务复核。"""

    ticket = TicketField()
    question = CleanCharField(max_length=reviews.TEXT_LENGTH, multiline=True)


class LegalReviewOpinionSerializer(StrictSerializer):
    opinion = CleanCharField(max_length=reviews.TEXT_LENGTH, multiline=True)


class LegalReviewSerializer(Masked, serializers.ModelSerializer):
    """一次法务复核：事实、提请说明与意见。意见供人参考，不改变任何资格、下限或金额。"""

    ticket_number = serializers.CharField(source="ticket.number")
    facts = ClaimFactSerializer(many=True)
    asked_by = PersonSerializer()
    answered_by = PersonSerializer(allow_null=True)
    question = serializers.SerializerMethodField()
    opinion = serializers.SerializerMethodField()

    class Meta:
        model = LegalReview
        fields = (
            "id", "ticket", "ticket_number", "facts", "question", "asked_by", "asked_at", "opinion", "answered_by",
            "answered_at",
        )  # fmt: skip

    def get_question(self, row: LegalReview) -> str:
        return self.words(row.question)

    def get_opinion(self, row: LegalReview) -> str:
        return self.words(row.opinion)


class LegalReviewViewSet(CreateMixin, ReadViewSet):
    """法务复核：疑似恶意索赔时由人判断。"""

    queryset = LegalReview.objects.select_related("ticket", "asked_by", "answered_by").defer("ticket__search")
    serializer_class = LegalReviewInputSerializer
    read_serializer_class = LegalReviewSerializer
    serializer_classes = {"answer": LegalReviewOpinionSerializer}
    filterset_class = None
    required_permissions = {
        "list": "tickets.view_legalreview",
        "retrieve": "tickets.view_legalreview",
        "create": "tickets.add_legalreview",
        "answer": "tickets.answer_legalreview",
    }

    @extend_schema(
        request=LegalReviewInputSerializer,
        responses={201: LegalReviewSerializer},
        examples=[
            example("提请", {"ticket": "26112100012345", "question": "同一商品多次索赔，请看材料"}, request_only=True)
        ],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """提请法务复核，附上当时的事实。已在等复核时答 409。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> LegalReview:
        return reviews.ask_review(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(
        request=LegalReviewOpinionSerializer,
        responses=LegalReviewSerializer,
        examples=[example("意见", {"opinion": "材料不足以认定，依法正常处理"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """给出意见。"""
        row = self.get_object()
        return self.shown(reviews.answer_review(review=row, actor=request.user, **self.validated()))  # type: ignore[arg-type]


class ClaimFactsViewSet(KeanViewSet):
    """索赔事实：只陈列，不评分，不下结论。"""

    model = Ticket
    pagination_class = None
    read_serializer_class = ClaimFactsSerializer
    extra_query_parameters = {"list": ("ticket",)}
    required_permissions = {"list": "tickets.view_legalreview"}

    @extend_schema(
        parameters=[OpenApiParameter("ticket", OpenApiTypes.STR, required=True)],
        responses=forced_singular_serializer(ClaimFactsSerializer),
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """一张工单客户近一年的索赔事实。"""
        word = request.query_params.get("ticket", "")
        ticket = self.get_queryset().named(word).first()
        if ticket is None:
            sentence = _("没有这张工单。")
            raise InvalidInput(sentence, fields={"ticket": [sentence]})
        facts = claim_facts.facts_of(ticket)
        return Response(ClaimFactsSerializer({"facts": facts, "notice": str(NOT_A_JUDGEMENT)}).data)
