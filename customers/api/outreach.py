"""Messages to customers that are not replies, over HTTP."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.language import mask_text
from customers import outreach
from customers.api.filters import ID_RANGE
from customers.models import Customer, Outreach
from customers.outreach.contacting import MAX_NOTE
from customers.outreach.reaching import MAX_BODY, MAX_TITLE, USUAL_CHANNELS
from customers.outreach_choices import ContactResult, OutreachChannel, OutreachPurpose, OutreachStatus
from customers.services.validation import field_error

#: What another system may ask for; the others belong to what they are about (a recall, a survey).
ASKED_CHOICES = [(one.value, one.label) for one in (OutreachPurpose.SERVICE, OutreachPurpose.MARKETING)]

CREATE_EXAMPLE = example(
    "服务通知",
    {
        "key": "erp-20261118-77",
        "customer": 12,
        "purpose": "service",
        "title": "发票已开具",
        "body": "您好，您的电子发票已开具，可在订单详情下载。",
        "channels": ["conversation", "email"],
    },
    request_only=True,
)
REPORT_EXAMPLE = example("电话已说明", {"result": "reached", "note": "客户同意补发"}, request_only=True)


class OutreachFilter(django_filters.FilterSet):
    customer = django_filters.NumberFilter(field_name="customer_id", **ID_RANGE)
    status = django_filters.ChoiceFilter(choices=OutreachStatus.choices)
    purpose = django_filters.ChoiceFilter(choices=OutreachPurpose.choices)
    subject_type = django_filters.CharFilter(max_length=30, label=lazy("所属事项的类型，例如 recall"))
    subject_id = django_filters.NumberFilter(**ID_RANGE, label=lazy("所属事项的编号"))

    class Meta:
        model = Outreach
        fields: list[str] = []


class OutreachSerializer(serializers.ModelSerializer):
    """主动联系：状态、方式与原因都在这一行上。"""

    customer = serializers.PrimaryKeyRelatedField(read_only=True)  # type: ignore[var-annotated]
    reason = serializers.CharField(help_text=lazy("没有发送的原因；为空表示没有"))
    body = serializers.SerializerMethodField()

    class Meta:
        model = Outreach
        fields = (
            "id",
            "key",
            "customer",
            "purpose",
            "channel",
            "title",
            "body",
            "status",
            "reason",
            "subject_type",
            "subject_id",
            "not_before",
            "attempts",
            "sent_at",
            "ended_at",
            "created_by",
            "handled_by",
            "created_at",
        )

    def get_body(self, row: Outreach) -> str:
        request = self.context.get("request")
        is_masked = request is not None and getattr(request.user, "is_auditor", False)
        return mask_text(row.body) if is_masked else row.body


class OutreachCreateSerializer(StrictSerializer):
    key = CleanCharField(max_length=150, help_text=lazy("同一个键只发一次"))
    customer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    purpose = serializers.ChoiceField(ASKED_CHOICES)
    title = CleanCharField(max_length=MAX_TITLE)
    body = CleanCharField(max_length=MAX_BODY, multiline=True)
    channels = serializers.ListField(
        child=serializers.ChoiceField(OutreachChannel.choices), required=False, allow_empty=False, max_length=4
    )


class ContactReportSerializer(StrictSerializer):
    result = serializers.ChoiceField(ContactResult.choices)
    note = CleanCharField(max_length=MAX_NOTE, multiline=True, required=False, allow_blank=True)


class OutreachViewSet(CreateMixin, ReadViewSet):
    """主动联系客户的唯一出口：同意、免打扰、安静时段、频次与演练模式都在这里判断。"""

    model = Outreach
    read_serializer_class = OutreachSerializer
    serializer_class = OutreachCreateSerializer
    serializer_classes = {"report": ContactReportSerializer}
    filterset_class = OutreachFilter
    required_permissions = {
        "list": "customers.view_outreach",
        "retrieve": "customers.view_outreach",
        "create": "customers.add_outreach",
        "report": "customers.handle_outreach",
        "cancel": "customers.add_outreach",
    }

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("customer")

    @extend_schema(examples=[CREATE_EXAMPLE], request=OutreachCreateSerializer, responses={201: OutreachSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Outreach:
        data = dict(serializer.validated_data)
        customer = Customer.objects.visible_to(self.request.user).filter(pk=data.pop("customer")).first()
        if customer is None:
            raise field_error("customer", _("没有这位客户。"))
        channels = data.pop("channels", list(USUAL_CHANNELS))
        wanted = outreach.Wanted(
            customer=customer, channels=channels, **{**data, "key": f"api:{self.request.user.pk}:{data['key']}"}
        )
        return outreach.reach(wanted=wanted, actor=self.request.user)

    @extend_schema(examples=[REPORT_EXAMPLE], request=ContactReportSerializer, responses=OutreachSerializer)
    @action(detail=True, methods=["post"])
    def report(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """登记人工联系的结果。"""
        row = self.get_object()
        outreach.report_contact(outreach=row, actor=request.user, **self.validated())
        return self.shown(self.get_object())

    @extend_schema(request=None, responses=OutreachSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """取消还没有发出的联系；已发出的不变。"""
        self.nothing_given()
        row = self.get_object()
        outreach.call_off(ids=[row.pk], actor=request.user)
        return self.shown(self.get_object())
