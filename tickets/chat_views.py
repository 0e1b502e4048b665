"""Pages of live chat: the script a shop embeds, the frame it opens, files of the conversation."""

import json
from urllib.parse import urlsplit

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from core.errors import NotFound
from tickets.models import ChatSettings
from tickets.services.attachments import ALLOWED, TEXT
from tickets.services.chat import visitors

LANGUAGES = {"en": "en", "zh": "zh-hans"}


@require_safe
@cache_control(public=True, max_age=300)
def widget(request: HttpRequest) -> HttpResponse:
    """The one script of the shop's page. It asks nothing of the visitor and sets no cookie."""
    words = {lang: _widget_words(code) for lang, code in LANGUAGES.items()}
    body = render_to_string("tickets/chat/widget.js", {"words_json": json.dumps(words)})
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _widget_words(code: str) -> dict[str, str]:
    with override(code):
        return {"open": pgettext("button", "在线客服"), "close": _("收起"), "title": _("在线客服窗口")}


@never_cache
@require_safe
@xframe_options_exempt
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The conversation, in a frame of the shop's page or on its own. Only the channel's pages may frame it."""
    try:
        channel = visitors.channel_for_chat(key)
    except NotFound as error:
        raise Http404 from error
    row = visitors.settings_of(channel)
    code = LANGUAGES.get(request.GET.get("lang", "")[:2])
    if code is None:
        return _framed(render(request, "tickets/chat/frame.html", _context(request, row)), row)
    with override(code):
        return _framed(render(request, "tickets/chat/frame.html", _context(request, row)), row)


def _framed(response: HttpResponse, row: ChatSettings) -> HttpResponse:
    if row.origins:  # else nobody, as everywhere
        response._csp_replace = {"frame-ancestors": row.origins}  # type: ignore[attr-defined]
    response["Referrer-Policy"] = "no-referrer"
    return response


def _context(request: HttpRequest, row: ChatSettings) -> dict[str, object]:
    key = row.channel.key
    parent = request.GET.get("origin", "")[:200]
    api = reverse("chat-messages", args=[key]).removesuffix("messages/")
    return {
        "title": row.title or row.channel.name,
        "has_bot": row.is_bot_on,
        "config": {
            "api": api,
            "stream": reverse("chat_stream", args=[key]),
            "key": key,
            "parent": parent if may_embed(row, parent) else "",
            "has_bot": row.is_bot_on,
            "bytes": settings.ATTACHMENT_MAX_BYTES,
            "words": _words(),
        },
        "help_url": reverse("help_home"),
        "accept": ",".join(f".{extension}" for extension in sorted({*ALLOWED, *TEXT})),
    }


def may_embed(row: ChatSettings, origin: str) -> bool:
    """Whether the page of that origin is one the frame may talk to."""
    if origin in row.origins:
        return True
    parts = urlsplit(origin)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(
        host.endswith(entry.removeprefix("https://*")) for entry in row.origins if entry.startswith("https://*.")
    )


def _words() -> dict[str, str]:
    """Sentences that the frame's script speaks."""
    return {
        "me": _("我"),
        "agent": _("客服"),
        "auto": _("自动回复"),
        "bot": _("机器人"),
        "sending": _("发送中"),
        "waiting": _("网络不通，恢复后自动发送"),
        "sent": _("已送达"),
        "failed": _("未发送"),
        "colon": _("："),
        "retry": _("重发"),
        "remove": _("删除"),
        "solved": _("解决了"),
        "unsolved": _("没解决，转人工"),
        "thanks": _("谢谢您的反馈"),
        "too_large": _("附件不能超过 20 MB"),
        "upload_failed": _("附件上传失败，请重试"),
        "offline": _("网络已断开，正在重连…"),
        "new_messages": _("有新消息"),
        "failed_action": _("操作没有成功，请重试。"),
    }


@never_cache
@require_safe
def file(request: HttpRequest, key: str, secret: str) -> HttpResponseBase:
    """A file of the visitor's own conversation, by the link that the conversation showed."""
    try:
        attachment = visitors.file_by(secret)
    except NotFound as error:
        raise Http404 from error
    response = FileResponse(attachment.file.open("rb"), as_attachment=True, filename=attachment.name)
    response["Content-Type"] = "application/octet-stream"
    return response
