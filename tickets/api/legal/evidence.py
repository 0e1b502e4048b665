"""/api/v1/evidence/"""

from typing import Any

import django_filters
from django.http import FileResponse, Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from tickets.api.legal.cases import PACK_RESPONSES, EvidencePackInputSerializer, of_ticket, pack_response
from tickets.api.legal.shapes import IdField, TicketField, UploadField
from tickets.api.views import attachment_response
from tickets.legal_choices import EvidenceKind
from tickets.models import Evidence, Investigation
from tickets.services.legal import evidence as freezing
from tickets.services.legal import packs

FREEZE_EXAMPLE = {"ticket": "26112100012345", "kind": "conversation"}
PAGE_EXAMPLE = {
    "ticket": "26112100012345",
    "kind": "page",
    "attachment": 88,
    "url": "https://item.example.com/1234.html",
    "title": "商品详情页 2026-11-20",
}


class FrozenEvidenceInputSerializer(StrictSerializer):
    """固定证据：会话、订单、物流从工单取当时的内容；页面快照和文件先上传再引用。"""

    ticket = TicketField(required=False)
    investigation = IdField(required=False)
    kind = serializers.ChoiceField(choices=EvidenceKind.choices)
    attachment = UploadField(required=False)
    title = CleanCharField(max_length=freezing.TITLE_LENGTH, required=False, allow_blank=True)
    url = serializers.URLField(max_length=1000, required=False)

    def validate_investigation(self, value: int) -> Investigation:
        found = Investigation.objects.visible_to(self.context["request"].user).filter(pk=value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这项调查。"))
        return found  # type: ignore[no-any-return]

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "ticket" not in data and "investigation" not in data:
            raise serializers.ValidationError({"ticket": [_("请填写工单。")]})
        from_ticket = data["kind"] in freezing.FROM_TICKET
        if not from_ticket and "attachment" not in data:
            raise serializers.ValidationError({"attachment": [_("请先上传文件。")]})
        extra = {"attachment", "title", "url", "investigation"} & set(data) if from_ticket else set()
        if extra:
            raise serializers.ValidationError({name: [_("从工单固定的记录不需要这一项。")] for name in extra})
        return data


class FrozenEvidenceSerializer(serializers.ModelSerializer):
    """一份证据。digest 是内容的 SHA-256，固定后不可更改。"""

    ticket_number = serializers.CharField(source="ticket.number", allow_null=True, default=None)
    frozen_by = PersonSerializer()

    class Meta:
        model = Evidence
        fields = (
            "id", "ticket", "ticket_number", "case", "investigation", "kind", "title", "url", "attachment", "digest",
            "size", "frozen_by", "frozen_at",
        )  # fmt: skip


class EvidenceVerifiedSerializer(serializers.Serializer):
    intact = serializers.BooleanField()
    digest = serializers.CharField()


class EvidenceFilter(django_filters.FilterSet):
    ticket = django_filters.CharFilter(method="by_ticket", max_length=20)
    kind = django_filters.ChoiceFilter(choices=EvidenceKind.choices)

    class Meta:
        model = Evidence
        fields: list[str] = []

    def by_ticket(self, rows: Any, name: str, value: str) -> Any:
        return of_ticket(rows, value)


class TicketEvidencePackSerializer(EvidencePackInputSerializer):
    ticket = TicketField()


class EvidenceViewSet(CreateMixin, ReadViewSet):
    """证据：固定、核对、下载、打包。"""

    queryset = Evidence.objects.select_related("ticket", "frozen_by", "attachment").defer("ticket__search", "content")
    serializer_class = FrozenEvidenceInputSerializer
    read_serializer_class = FrozenEvidenceSerializer
    serializer_classes = {"pack": TicketEvidencePackSerializer}
    filterset_class = EvidenceFilter
    required_permissions = {
        "list": "tickets.view_evidence",
        "retrieve": "tickets.view_evidence",
        "create": "tickets.add_evidence",
        "verify": "tickets.view_evidence",
        "download": "tickets.view_evidence",
        "pack": "tickets.add_evidencepack",
    }

    @extend_schema(
        request=FrozenEvidenceInputSerializer,
        responses={201: FrozenEvidenceSerializer},
        examples=[
            example("固定会话", FREEZE_EXAMPLE, request_only=True),
            example("页面快照", PAGE_EXAMPLE, request_only=True),
        ],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """固定证据，返回指纹。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> Evidence:
        data = dict(serializer.validated_data)
        actor: Any = self.request.user
        if data["kind"] in freezing.FROM_TICKET:
            return freezing.freeze(actor=actor, **data)
        return freezing.freeze_file(actor=actor, **data)

    @extend_schema(responses=EvidenceVerifiedSerializer)
    @action(detail=True, methods=["get"], filterset_class=None)
    def verify(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """核对：现在的内容是否仍是固定时的内容。"""
        row = self.get_object()
        return Response({"intact": freezing.is_intact(row), "digest": row.digest})

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"], filterset_class=None)
    def download(self, request: Request, *args: Any, **kwargs: Any) -> FileResponse:
        """下载文件类证据。"""
        row = self.get_object()
        if row.attachment is None:
            raise Http404
        return attachment_response(row.attachment)

    @extend_schema(
        request=TicketEvidencePackSerializer,
        responses=PACK_RESPONSES,
        examples=[example("脱敏导出", {"ticket": "26112100012345"}, request_only=True)],
    )
    @action(detail=False, methods=["post"])
    def pack(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """导出一张工单的证据包：ZIP，或只要其中的 PDF。"""
        return pack_response(packs.make_pack(actor=request.user, **self.validated()))  # type: ignore[arg-type]
