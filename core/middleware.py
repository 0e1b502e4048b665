"""What people see while the database is away: a calm 503 instead of a trace."""

import logging
import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.templatetags.static import static
from django.utils.deprecation import MiddlewareMixin
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.defaults import server_error as django_server_error

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
# Time to reach the link before the page loads itself again.
REFRESH_SECONDS = 20
# Classes of SQLSTATE that speak of the server or the way to it, not of the statement:
# 08 connection, 53 resources, 57P operator intervention (shutdown, starting up).
_AWAY = ("08", "53", "57P")
# The server answers, but takes nothing down: a replica, or one switched to reading.
_READ_ONLY = "25006"
#: What people can fill in until writing works again.
OFFLINE_FORM = "tickets/offline/complaints.html"
# A statement that took too long or waited too long for a row: the server is busy, not wrong.
_BUSY = {"57014", "55P03"}

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="{seconds}"></head>
<body><main><h1>{title}</h1><p>{sentence}</p><p><a href="{form}" download>{offline}</a></p></main></body></html>"""


def is_database_unavailable(error: BaseException | None) -> bool:
    """Whether an exception (or what caused it) says that the database cannot be reached or is too busy."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            state = getattr(error.__cause__, "sqlstate", None)
            return state is None or state.startswith(_AWAY) or state in _BUSY
        error = error.__cause__ or error.__context__
    return False


def is_read_only(error: BaseException | None) -> bool:
    """Whether an exception (or what caused it) says that the database can be read but takes nothing down."""
    while error is not None:
        if isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", None) == _READ_ONLY:
            return True
        error = error.__cause__ or error.__context__
    return False


class DatabaseUnavailableMiddleware(MiddlewareMixin):
    """Answers 503 when a view fails because the database is away. Works under WSGI and ASGI."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if is_read_only(exception):
            logger.error("Database takes no writes: %s", exception)
            return unavailable(request, read_only_sentence())
        if not is_database_unavailable(exception):
            return None
        logger.error("Database unavailable: %s", exception)
        return unavailable(request)


def read_only_sentence() -> str:
    return _("系统现在只能查看，不能保存。请稍后重试，或先用离线登记表记下。")


def unavailable(request: HttpRequest, sentence: str = "") -> HttpResponse:
    """A 503 that asks nothing of the database: JSON for programs, a small page for people."""
    sentence = sentence or _("系统暂时连不上数据库，数据没有丢失，请稍后重试。")
    response: HttpResponse
    if request.path.startswith("/api/") or "application/json" in request.headers.get("accept", ""):
        response = JsonResponse({"code": "unavailable", "message": sentence, "fields": {}}, status=503)
    else:
        page = format_html(
            _PAGE,
            title=_("暂时无法使用"),
            sentence=sentence,
            seconds=REFRESH_SECONDS,
            form=static(OFFLINE_FORM),
            offline=_("下载离线登记表"),
        )
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500: what fails outside a view (a session that cannot be loaded) ends here."""
    error = sys.exc_info()[1]
    if is_read_only(error):
        return unavailable(request, read_only_sentence())
    if is_database_unavailable(error):
        return unavailable(request)
    if request.path.startswith("/api/"):
        sentence = _("系统出错了，已记录。请稍后重试。")
        return JsonResponse({"code": "server_error", "message": sentence, "fields": {}}, status=500)
    return django_server_error(request)
