"""/api/v1/safety-incidents/ and /api/v1/safety-claims/"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from customers.recall_choices import OurRole, RecallRemedy
from customers.recalls import running
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.shapes import Masked, TicketField
from tickets.api.serializers import CustomerGivenSerializer
from tickets.models import Attachment, LegalClock, SafetyClaim, SafetyIncident
from tickets.safety_choices import HarmKind
from tickets.services import intake
from tickets.services.safety import incidents, recalling

BIGGEST_ID = 2**63 - 1
REPORT = example(
    "充电时起火，一人烫伤",
    {
        "ticket": "26112100012345",
        "sku": "MHT-NS-02",
        "batch": "2610A",
        "harm": "serious",
        "injured_count": 1,
        "injury": "右手二度烫伤，已就医",
        "circumstances": "充电约一小时后冒烟起火",
        "storage": "室内充电，原装充电线",
        "occurred_at": "2026-11-20T21:30:00+08:00",
        "our_role": "seller",
        "photos": [],
    },
    request_only=True,
)
RECALL = example("按建议建立", {}, request_only=True)


class SafetyReportSerializer(StrictSerializer):
    """安全事故登记。没有工单时填 customer，系统先建投诉工单；批次不清楚时留空。"""

    ticket = TicketField(required=False, allow_null=True)
    customer = CustomerGivenSerializer(required=False)
    order_no = CleanCharField(max_length=incidents.LINE_LENGTH, required=False, allow_blank=True)
    sku = CleanCharField(max_length=incidents.LINE_LENGTH)
    product_name = CleanCharField(max_length=incidents.NAME_LENGTH, required=False, allow_blank=True)
    batch = CleanCharField(max_length=incidents.LINE_LENGTH, required=False, allow_blank=True)
    harm = serializers.ChoiceField(choices=HarmKind.choices)
    injured_count = serializers.IntegerField(min_value=0, max_value=incidents.MOST_INJURED, required=False)
    is_large_loss = serializers.BooleanField(required=False)
    injury = CleanCharField(max_length=incidents.TEXT_LENGTH, multiline=True, required=False, allow_blank=True)
    circumstances = CleanCharField(max_length=incidents.TEXT_LENGTH, multiline=True)
    storage = CleanCharField(max_length=incidents.TEXT_LENGTH, multiline=True)
    occurred_at = MomentField()
    our_role = serializers.ChoiceField(choices=OurRole.choices)
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID),
        required=False,
        max_length=incidents.MOST_PHOTOS,
        help_text=_("已上传附件的 id"),
    )

    def validate_photos(self, value: list[int]) -> list[Attachment]:
        found = list(Attachment.objects.filter(pk__in=value, uploader=self.context["request"].user, message=None))
        if len(found) != len(set(value)):
            raise serializers.ValidationError(_("有照片不存在，或已经用过。"))
        return found


class SafetyClockSerializer(serializers.ModelSerializer):
    rule = serializers.CharField(source="rule.code")

    class Meta:
        model = LegalClock
        fields = ("id", "rule", "title", "basis", "started_at", "due_at", "met_at", "missed_at")


class SafetyIncidentSerializer(Masked, serializers.ModelSerializer):
    """一次安全事故：登记内容、投诉级别、升级记录、法定时限、召回与召回建议。"""

    ticket_number = serializers.CharField(source="ticket.number")
    reporter = PersonSerializer()
    injury = serializers.SerializerMethodField()
    circumstances = serializers.SerializerMethodField()
    storage = serializers.SerializerMethodField()
    photos = serializers.SerializerMethodField()

    class Meta:
        model = SafetyIncident
        fields = (
            "id", "ticket", "ticket_number", "sku", "product_name", "batch", "harm", "injured_count", "is_large_loss",
            "injury", "circumstances", "storage", "occurred_at", "our_role", "photos", "escalation", "recall",
            "reporter", "reported_at",
        )  # fmt: skip

    def get_injury(self, row: SafetyIncident) -> str:
        return self.words(row.injury)

    def get_circumstances(self, row: SafetyIncident) -> str:
        return self.words(row.circumstances)

    def get_storage(self, row: SafetyIncident) -> str:
        return self.words(row.storage)

    def get_photos(self, row: SafetyIncident) -> list[int]:
        return [one.pk for one in row.photos.attachments.all()] if row.photos is not None else []


class RecallProposalSerializer(serializers.Serializer):
    """召回建议：按事故预填，批次未知时为空。"""

    title = serializers.CharField()
    sku = serializers.CharField()
    batches = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    is_serious = serializers.BooleanField()
    our_role = serializers.ChoiceField(choices=OurRole.choices)
    remedy = serializers.ChoiceField(choices=RecallRemedy.choices)
    instructions = serializers.CharField()
    discovered_at = serializers.DateTimeField()


class SafetyIncidentDetailSerializer(SafetyIncidentSerializer):
    level = serializers.SerializerMethodField(help_text=_("投诉级别"))
    clocks = serializers.SerializerMethodField()
    recall_proposal = serializers.SerializerMethodField()

    class Meta(SafetyIncidentSerializer.Meta):
        fields = (*SafetyIncidentSerializer.Meta.fields, "level", "clocks", "recall_proposal")  # type: ignore[assignment]

    def get_level(self, row: SafetyIncident) -> str:
        return incidents.level_of(row)

    @extend_schema_field(SafetyClockSerializer(many=True))
    def get_clocks(self, row: SafetyIncident) -> Any:
        return SafetyClockSerializer(incidents.clocks_of(row), many=True).data

    @extend_schema_field(RecallProposalSerializer(allow_null=True))
    def get_recall_proposal(self, row: SafetyIncident) -> Any:
        return None if row.recall_id else RecallProposalSerializer(recalling.proposal(row)).data


class SafetyRecallSerializer(StrictSerializer):
    """在召回建议上的改动，都可不填；批次未知的须填 batches。"""

    title = CleanCharField(max_length=100, required=False)
    batches = serializers.ListField(
        child=CleanCharField(max_length=100), required=False, allow_empty=False, max_length=50
    )
    reason = CleanCharField(max_length=running.MAX_TEXT, multiline=True, required=False)
    remedy = serializers.ChoiceField(choices=RecallRemedy.choices, required=False)
    instructions = CleanCharField(max_length=running.MAX_TEXT, multiline=True, required=False)


class SafetyIncidentFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    sku = django_filters.CharFilter(max_length=100)
    batch = django_filters.CharFilter(max_length=100)
    harm = django_filters.MultipleChoiceFilter(choices=HarmKind.choices, distinct=False)

    class Meta:
        model = SafetyIncident
        fields: list[str] = []

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class SafetyIncidentViewSet(CreateMixin, ReadViewSet):
    """安全事故：登记即升级、定为最高投诉级别、起算法定时限、固定证据、通知主管，并给出召回建议。"""

    queryset = SafetyIncident.objects.for_list().select_related("photos").prefetch_related("photos__attachments")
    serializer_class = SafetyReportSerializer
    read_serializer_class = SafetyIncidentDetailSerializer
    serializer_classes = {"list": SafetyIncidentSerializer, "recall": SafetyRecallSerializer}
    filterset_class = SafetyIncidentFilter
    required_permissions = {
        "list": "tickets.view_safetyincident",
        "retrieve": "tickets.view_safetyincident",
        "create": "tickets.add_safetyincident",
        "recall": "customers.add_recall",
    }

    @extend_schema(request=SafetyReportSerializer, responses={201: SafetyIncidentDetailSerializer}, examples=[REPORT])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记安全事故。同一工单只能登记一次（409 already_reported）。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> SafetyIncident:
        data, actor = dict(serializer.validated_data), self.request.user
        ticket, customer = data.pop("ticket", None), data.pop("customer", {})
        order_no = data.pop("order_no", "")
        report = incidents.Report(**data)
        if ticket is not None:
            made = incidents.report_incident(ticket=ticket, actor=actor, report=report)  # type: ignore[arg-type]
        else:
            given = intake.CustomerGiven(**customer)
            made = incidents.report_new(actor=actor, report=report, customer=given, order_no=order_no)  # type: ignore[arg-type]
        return self._all_rows().get(pk=made.pk)  # type: ignore[no-any-return]

    @extend_schema(request=SafetyRecallSerializer, responses=SafetyIncidentDetailSerializer, examples=[RECALL])
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """按建议建立召回草稿；该批次已有进行中的召回时归入它。只能一次（409 recall_drafted）。"""
        recalling.draft_recall(incident=self.get_object(), actor=request.user, values=self.validated())  # type: ignore[arg-type]
        return self.shown(self.get_object())


class SafetyClaimSerializer(serializers.ModelSerializer):
    """回复中的安全承诺：对照的资料版本，或无资料时主管的理由。"""

    ticket = serializers.IntegerField(source="message.ticket_id")
    ticket_number = serializers.CharField(source="message.ticket.number")
    claims = serializers.ListField(child=serializers.CharField())
    safety_version = serializers.IntegerField(source="version_id", allow_null=True)
    sku = serializers.CharField(source="version.item.key", allow_null=True, default=None)
    actor = PersonSerializer()

    class Meta:
        model = SafetyClaim
        fields = (
            "id", "ticket", "ticket_number", "message", "claims", "safety_version", "sku", "reason", "actor",
            "confirmed_at",
        )  # fmt: skip


class SafetyClaimFilter(django_filters.FilterSet):
    ticket = django_filters.NumberFilter(
        field_name="message__ticket", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )
    without_sheet = django_filters.BooleanFilter(field_name="version", lookup_expr="isnull", label=_("没有资料的"))

    class Meta:
        model = SafetyClaim
        fields: list[str] = []


class SafetyClaimViewSet(ReadViewSet):
    """已发出的安全承诺。"""

    queryset = SafetyClaim.objects.select_related("message__ticket", "version__item", "actor").defer(
        "message__ticket__search", "message__body"
    )
    read_serializer_class = SafetyClaimSerializer
    filterset_class = SafetyClaimFilter
    required_permissions = {"list": "tickets.view_safetyclaim", "retrieve": "tickets.view_safetyclaim"}
