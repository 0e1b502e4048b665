"""The side without a login: complaints, progress, and signed inbound posts."""

import secrets
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.api.fields import CleanCharField
from core.api.idempotency import IdempotentCreateMixin
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.throttling import PublicFormThrottle
from core.errors import NotFound
from tickets.api import serializers as shapes
from tickets.channels.presets import preset_of
from tickets.choices import Stage
from tickets.models import Channel
from tickets.procedures.public import public_steps
from tickets.services import arriving, intake, progress


class PublicComplaintSerializer(StrictSerializer):
    body = CleanCharField(max_length=shapes.BODY, multiline=True)
    name = CleanCharField(max_length=shapes.NAME, required=False, allow_blank=True)
    phone = CleanCharField(max_length=30, required=False, allow_blank=True)
    email = CleanCharField(max_length=254, required=False, allow_blank=True)
    order_no = CleanCharField(max_length=shapes.NAME, required=False, allow_blank=True)
    subject = CleanCharField(max_length=shapes.SUBJECT, required=False, allow_blank=True)
    shop = CleanCharField(max_length=shapes.NAME, required=False, allow_blank=True)
    anonymous = serializers.BooleanField(
        required=False, default=False, help_text=_("匿名：不留联系方式，也不会被联系。")
    )

    validate_phone = shapes.CustomerGivenSerializer.validate_phone
    validate_email = shapes.CustomerGivenSerializer.validate_email

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if not data["anonymous"] and not data.get("phone") and not data.get("email"):
            raise serializers.ValidationError({"phone": [_("请填写手机号或邮箱，或选择匿名。")]})
        return data


class ReceiptSerializer(serializers.Serializer):
    number = serializers.CharField()
    track_url = serializers.CharField()


class TrackSerializer(StrictSerializer):
    number = CleanCharField(max_length=20)
    phone_tail = CleanCharField(max_length=4, min_length=4)


class PublicStepSerializer(serializers.Serializer):
    """投诉处理的一个环节；不含内部细节。"""

    label = serializers.CharField()  # type: ignore[assignment]
    done = serializers.BooleanField()
    current = serializers.BooleanField()


class ProgressSerializer(serializers.Serializer):
    number = serializers.CharField()
    stage = serializers.ChoiceField(Stage.choices)
    updated_at = serializers.DateTimeField()
    steps = PublicStepSerializer(many=True)


class PublicView(IdempotentCreateMixin, APIView):
    """Open to everybody, counted per address."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes = [PublicFormThrottle]


class PublicComplaintView(PublicView):
    """公开投诉：返回工单号与查询地址。"""

    @extend_schema(
        request=PublicComplaintSerializer,
        responses={201: ReceiptSerializer},
        examples=[
            example(
                "投诉",
                {"body": "收到的商品有破损，要求退款。", "phone": "13800138000", "name": "陈女士"},
                request_only=True,
            )
        ],
    )
    def post(self, request: HttpRequest) -> Response:
        serializer = PublicComplaintSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ticket = progress.complain(**serializer.validated_data)
        return Response(
            {"number": ticket.number, "track_url": progress.track_url(ticket)}, status=status.HTTP_201_CREATED
        )


class TrackView(PublicView):
    """凭工单号与手机尾号查询进度。不相符时一律 404。"""

    @extend_schema(
        request=TrackSerializer,
        responses=ProgressSerializer,
        examples=[example("查询", {"number": "26112100012345", "phone_tail": "8000"}, request_only=True)],
    )
    def post(self, request: HttpRequest) -> Response:
        serializer = TrackSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ticket = progress.find(**serializer.validated_data)
        if ticket is None:
            raise NotFound(progress.NOT_FOUND)
        way = [{"label": part.label, "done": part.done, "current": part.current} for part in public_steps(ticket)]
        return Response({"number": ticket.number, "stage": ticket.stage, "updated_at": ticket.updated_at, "steps": way})


class InboundTicketSerializer(shapes.TicketCreateSerializer):
    channel = CleanCharField(max_length=shapes.NAME, required=False)


class InboundView(APIView):
    """店铺系统按 Standard Webhooks 签名送入的消息；webhook-id 相同只受理一次。

    渠道选了平台预设时，也可用该平台的字段名；同一买家的消息进入同一张未关闭的工单（200）。
    """

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=InboundTicketSerializer,
        responses={201: shapes.TicketSerializer, 200: shapes.TicketSerializer},
        parameters=[
            OpenApiParameter("webhook-id", str, OpenApiParameter.HEADER),
            OpenApiParameter("webhook-timestamp", str, OpenApiParameter.HEADER),
            OpenApiParameter("webhook-signature", str, OpenApiParameter.HEADER),
        ],
    )
    def post(self, request: HttpRequest, key: str) -> Response:
        raw = request._request.body
        channel = self._verified(Channel.objects.filter(key=key, is_active=True).first(), raw, request)
        preset = preset_of(channel.preset)
        given_data = request.data
        if preset is not None and isinstance(given_data, dict):
            given_data = preset.translated(given_data)
        serializer = InboundTicketSerializer(data=given_data)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        data["channel"] = key
        data["external_id"] = data.get("external_id") or request.headers["webhook-id"][:200]
        data["shop"] = data.get("shop") or ""
        data.pop("attachments", None)
        given = intake.CustomerGiven(**data.pop("customer", {}), verified=True)
        result = arriving.receive_signed(channel=channel, request=intake.Request(customer=given, **data))
        body = shapes.TicketSerializer(result.ticket).data
        return Response(body, status=201 if result.created else 200)

    def _verified(self, channel: Channel | None, raw: bytes, request: HttpRequest) -> Channel:
        """A wrong key and a wrong signature answer alike, so that keys cannot be guessed."""
        secret = (channel.secret if channel else None) or f"whsec_{secrets.token_urlsafe(32)}"
        try:
            Webhook(secret).verify(raw, {name.lower(): value for name, value in request.headers.items()})
        except (WebhookVerificationError, ValueError, KeyError) as error:
            raise exceptions.AuthenticationFailed(_("签名不正确或已过期。")) from error
        if channel is None:
            raise Http404
        return channel

    def get_authenticate_header(self, request: HttpRequest) -> str:
        return "Webhook"
