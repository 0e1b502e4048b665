"""Where WeChat official accounts deliver their messages."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request as HttpRequest
from rest_framework.views import APIView

from core.api.schema import example
from core.errors import InvalidInput, TooLarge
from tickets.services.wechat import receiving
from tickets.wechat.crypto import Refused
from tickets.wechat.messages import LARGEST, Unreadable

REFUSED = _("签名不正确、已过期，或渠道不存在。")
_SIGNED = ("signature", "timestamp", "nonce")
_QUERY = (*_SIGNED, "encrypt_type", "msg_signature", "openid")
LONGEST = 200


class XMLParser(BaseParser):
    """Leaves the body as it is: the signature is checked first, and the reader is strict."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return bytes(stream.read(LARGEST + 1))


class AnyAccept(BaseContentNegotiation):
    """The platform asks for no media type; errors are JSON, answers plain text."""

    def select_parser(self, request: HttpRequest, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: HttpRequest, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def _parameters(*names: str) -> list[OpenApiParameter]:
    return [OpenApiParameter(name, str, OpenApiParameter.QUERY) for name in names]


class WeChatView(APIView):
    """微信公众号的服务器地址：GET 验证地址，POST 接收消息（明文或安全模式）。"""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []
    parser_classes = [XMLParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AnyAccept

    @extend_schema(
        parameters=_parameters(*_SIGNED, "echostr"),
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        given = _query(request, (*_SIGNED, "echostr"))
        try:
            answer = receiving.check_address(key=key, echo=given.pop("echostr"), **given)
        except Refused as error:
            raise PermissionDenied(REFUSED) from error
        return _plain(answer)

    @extend_schema(
        parameters=_parameters(*_QUERY),
        request={"text/xml": OpenApiTypes.STR},
        responses={(200, "text/plain"): OpenApiTypes.STR},
        examples=[
            example(
                "文本消息",
                "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1763254800</CreateTime>"
                "<MsgType>text</MsgType><Content>快递没到</Content><MsgId>1</MsgId></xml>",
                request_only=True,
            )
        ],
    )
    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        body = request.data
        if len(body) > LARGEST:
            raise TooLarge(_("请求内容超过 64 KB。"))
        try:
            return _plain(receiving.receive(key=key, query=_query(request, _QUERY), body=body))
        except Refused as error:
            raise PermissionDenied(REFUSED) from error
        except Unreadable as error:
            raise InvalidInput(_("不是微信消息的 XML。")) from error


def _query(request: HttpRequest, names: tuple[str, ...]) -> dict[str, str]:
    return {name: request.query_params.get(name, "")[:LONGEST] for name in names}


def _plain(text: str) -> HttpResponse:
    """SECURITY: never as HTML, since the word to echo comes from outside."""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})
