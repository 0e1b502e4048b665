"""The visitor's side of live chat, and the settings of a chat channel.

A visitor proves itself by `Authorization: Visitor <token>`: no cookie, so a browser that refuses them for
embedded pages changes nothing, and no other page can borrow the right to write.
"""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.api.fields import CleanCharField
from core.api.schema import example
from core.api.serializers import NothingSerializer, StrictSerializer
from core.events.reading import readable_until
from core.rate_limits import Limit, client_ip, hit
from core.text import row_id
from tickets.api import serializers as shapes
from tickets.models import Channel, ChatSettings, ChatVisitor
from tickets.services import attachments
from tickets.services.chat import conversations, showing, visitors

# Whole offices and mobile networks share one address: what one browser may do is counted by its token.
NEW_VISITORS = Limit("chat.visitors", calls=30, seconds=60, closes=False)
BY_VISITOR = Limit("chat.messages", calls=30, seconds=60, closes=False)
FILES_BY_VISITOR = Limit("chat.files", calls=10, seconds=60, closes=False)
BY_ADDRESS = Limit("chat.address", calls=300, seconds=60, closes=False)
LOOKS = Limit("chat.looks", calls=60, seconds=60, closes=False)
TOKEN = OpenApiParameter("Authorization", str, OpenApiParameter.HEADER, description="Visitor <token>")
MOST_FILES = 9
LONGEST_BODY = 4000


def limit(kind: Limit, identity: str) -> None:
    wait = hit(kind, identity)
    if wait:
        raise conversations.too_often(wait)


def token_of(header: str) -> str:
    """The token of an Authorization header; "" for any other scheme."""
    scheme, _space, token = header.partition(" ")
    return token.strip() if scheme.lower() == "visitor" else ""


class ChatView(APIView):
    """Open to everybody: the visitor's token is the right."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []

    def channel(self, key: str) -> Channel:
        limit(BY_ADDRESS, f"ip:{client_ip(self.request)}")
        return visitors.channel_for_chat(key)

    def visitor(self, key: str, counted: Limit) -> ChatVisitor:
        channel = self.channel(key)
        found = visitors.visitor_by(channel=channel, token=token_of(self.request.headers.get("Authorization", "")))
        if found is None:
            raise exceptions.NotAuthenticated(_("会话已失效，请刷新页面。"))
        limit(counted, f"visitor:{found.pk}")
        found.channel = channel
        return found

    def get_authenticate_header(self, request: HttpRequest) -> str:
        return "Visitor"


class VisitorTokenSerializer(serializers.Serializer):
    token = serializers.CharField()


class ChatFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    size = serializers.IntegerField()
    url = serializers.CharField()


class ChatAnswerSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    is_helpful = serializers.BooleanField(allow_null=True)


class ChatMessageSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    client_id = serializers.CharField()
    kind = serializers.ChoiceField(["customer", "agent", "auto"])
    name = serializers.CharField()
    body = serializers.CharField()
    at = serializers.DateTimeField()
    files = ChatFileSerializer(many=True)
    answer = ChatAnswerSerializer(allow_null=True)


class ChatStateSerializer(serializers.Serializer):
    chat = serializers.IntegerField(help_text=_("会话编号；还没有会话时为 0。"))
    status = serializers.CharField()
    served_by = serializers.ChoiceField(["nobody", "bot", "queue", "agent"])
    agent = serializers.CharField()
    position = serializers.IntegerField(allow_null=True, help_text=_("排队位置；不在排队时为空。"))
    minutes = serializers.IntegerField(allow_null=True, help_text=_("预计等待分钟数；算不出时为空。"))
    notice = serializers.CharField()


class ChatSerializer(serializers.Serializer):
    last_event_id = serializers.IntegerField()
    state = ChatStateSerializer()
    messages = ChatMessageSerializer(many=True)


def chat_shown(visitor: ChatVisitor) -> dict[str, Any]:
    """The conversation so far, and the event after which the stream goes on: read before the messages."""
    until = readable_until()
    chat = conversations.current_chat(visitor)
    return {"last_event_id": until, "state": showing.state_of(chat), "messages": showing.transcript(visitor)}


class SaidSerializer(StrictSerializer):
    client_id = serializers.RegexField(
        r"^[A-Za-z0-9_-]{8,64}\Z", help_text=_("由客户端生成，同一编号只受理一次，可放心重发。")
    )
    body = CleanCharField(max_length=LONGEST_BODY, multiline=True, required=False, allow_blank=True, default="")
    name = CleanCharField(max_length=shapes.NAME, required=False, allow_blank=True, default="")
    phone = CleanCharField(max_length=30, required=False, allow_blank=True, default="")
    order_no = CleanCharField(max_length=shapes.NAME, required=False, allow_blank=True, default="")
    attachments = serializers.ListField(
        child=CleanCharField(max_length=300), required=False, default=list, max_length=MOST_FILES
    )
    waited_ms = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=conversations.LONGEST_WAIT_MS,
        help_text=_("按下发送后已等待的毫秒数。"),
    )

    validate_phone = shapes.CustomerGivenSerializer.validate_phone


class ChatVisitorView(ChatView):
    """新访客：返回令牌，之后的请求都带上它。"""

    @extend_schema(request=NothingSerializer, responses={201: VisitorTokenSerializer}, examples=[example("新访客", {})])
    def post(self, request: HttpRequest, key: str) -> Response:
        channel = self.channel(key)
        limit(NEW_VISITORS, f"ip:{client_ip(request)}")
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        return Response({"token": visitors.welcome(channel=channel)}, status=status.HTTP_201_CREATED)


class ChatMessagesView(ChatView):
    """访客的会话：读取全部，发送一条。"""

    @extend_schema(responses=ChatSerializer, parameters=[TOKEN])
    def get(self, request: HttpRequest, key: str) -> Response:
        return Response(chat_shown(self.visitor(key, LOOKS)))

    @extend_schema(
        request=SaidSerializer,
        responses=ChatSerializer,
        parameters=[TOKEN],
        examples=[
            example(
                "发送",
                {"client_id": "c-20261122-0001", "body": "请问退货运费谁出？", "name": "陈女士"},
                request_only=True,
            )
        ],
    )
    def post(self, request: HttpRequest, key: str) -> Response:
        received_at = clock.now()
        visitor = self.visitor(key, BY_VISITOR)
        serializer = SaidSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        files = visitors.uploaded(visitor=visitor, keys=data.pop("attachments"))
        said = conversations.Said(**data, attachment_ids=files, received_at=received_at)
        conversations.say(visitor=visitor, said=said)
        return Response(chat_shown(visitor))


class UploadedSerializer(serializers.Serializer):
    key = serializers.CharField(help_text=_("发送消息时放入 attachments。"))
    name = serializers.CharField()
    size = serializers.IntegerField()


class ChatUploadSerializer(StrictSerializer):
    file = serializers.FileField()


class ChatFilesView(ChatView):
    """上传一个附件，规则与工单附件相同。"""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": ChatUploadSerializer}, responses={201: UploadedSerializer}, parameters=[TOKEN]
    )
    def post(self, request: HttpRequest, key: str) -> Response:
        visitor = self.visitor(key, FILES_BY_VISITOR)
        serializer = ChatUploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        stored = attachments.store_attachment(upload=serializer.validated_data["file"], actor=None)
        shown = {
            "key": visitors.upload_key(visitor=visitor, attachment=stored),
            "name": stored.name,
            "size": stored.size,
        }
        return Response(shown, status=status.HTTP_201_CREATED)


class ChatHandoverView(ChatView):
    """转人工：一步完成，聊天记录一并转交。"""

    @extend_schema(
        request=NothingSerializer, responses=ChatSerializer, parameters=[TOKEN], examples=[example("转人工", {})]
    )
    def post(self, request: HttpRequest, key: str) -> Response:
        visitor = self.visitor(key, BY_VISITOR)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        conversations.ask_for_person(visitor=visitor)
        return Response(chat_shown(visitor))


class HelpfulSerializer(StrictSerializer):
    is_helpful = serializers.BooleanField()


class ChatAnswerView(ChatView):
    """机器人的回答是否解决了问题：未解决即转人工。"""

    @extend_schema(
        request=HelpfulSerializer,
        responses=ChatSerializer,
        parameters=[TOKEN],
        examples=[example("已解决", {"is_helpful": True}, request_only=True)],
    )
    def post(self, request: HttpRequest, key: str, answer: str) -> Response:
        visitor = self.visitor(key, BY_VISITOR)
        serializer = HelpfulSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer_id = row_id(answer)
        if answer_id is None:
            raise Http404
        conversations.rate_answer(visitor=visitor, answer_id=answer_id, **serializer.validated_data)
        return Response(chat_shown(visitor))


class ChatSettingsSerializer(StrictSerializer):
    origins = serializers.ListField(
        child=CleanCharField(max_length=200),
        required=False,
        help_text=_("允许嵌入的网站，如 https://shop.example.com。"),
    )
    title = CleanCharField(max_length=40, required=False, allow_blank=True)
    acknowledgement = CleanCharField(max_length=300, required=False, allow_blank=True)
    is_bot_on = serializers.BooleanField(required=False)


class ChatSettingsView(APIView):
    """在线接待渠道的设置：允许嵌入的网站、自动回复、机器人开关。"""

    required_permissions = {"get": "tickets.view_channel", "patch": "tickets.change_channel"}

    def row(self, pk: str) -> ChatSettings:
        channel = Channel.objects.select_related("chat").filter(pk=row_id(pk), kind="chat").first()
        if channel is None:
            raise Http404
        return visitors.settings_of(channel)

    @extend_schema(responses=ChatSettingsSerializer)
    def get(self, request: HttpRequest, pk: str) -> Response:
        return Response(ChatSettingsSerializer(self.row(pk)).data)

    @extend_schema(
        request=ChatSettingsSerializer,
        responses=ChatSettingsSerializer,
        examples=[example("设置", {"origins": ["https://shop.example.com"], "is_bot_on": True})],
    )
    def patch(self, request: HttpRequest, pk: str) -> Response:
        serializer = ChatSettingsSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        channel = self.row(pk).channel
        row = visitors.save_settings(channel=channel, actor=request.user, values=serializer.validated_data)
        return Response(ChatSettingsSerializer(row).data)
