"""What the page frame shows on every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.navigation import entries, rail
from tickets import peak

THEME_COOKIE = "kean_theme"
THEMES = ("auto", "light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Rail, look and the words of app.js. The rail is built when the template asks for it."""
    user = getattr(request, "user", None)
    return {
        "frame_theme": _theme(request, user),
        "frame_now": timezone.now().timestamp(),
        "frame_words": _words,
        "frame_rail": lambda: rail(entries(user, request.path)) if user and user.is_authenticated else None,
        "frame_search_url": _search_url,
        "frame_peak": peak.current,
    }


def _theme(request: HttpRequest, user: Any) -> str:
    chosen = getattr(user, "theme", "") or request.COOKIES.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def _search_url() -> str:
    for name in ("search", "ticket_list", "workbench"):
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


def _words() -> dict[str, str]:
    """Sentences that app.js speaks; values in braces are filled in there."""
    return {
        "days_hours": _("{d}天{h}时"),
        "hours_minutes": _("{h}时{m}分"),
        "minutes": _("{m}分"),
        "minutes_seconds": _("{m}分{s}秒"),
        "seconds": _("{s}秒"),
        "clock_ok": _("剩 {span}"),
        "clock_soon": _("仅剩 {span}"),
        "clock_late": _("超时 {span}"),
        "just_now": _("刚刚"),
        "soon": _("马上"),
        "minutes_ago": _("{n} 分钟前"),
        "hours_ago": _("{n} 小时前"),
        "days_ago": _("{n} 天前"),
        "minutes_ahead": _("{n} 分钟后"),
        "hours_ahead": _("{n} 小时后"),
        "days_ahead": _("{n} 天后"),
        "keys_general": _("通用"),
        "keys_go": _("前往"),
        "keys_search": _("搜索"),
        "keys_palette": _("命令面板"),
        "keys_map": _("快捷键一览"),
        "search_for": _("搜索“{query}”"),
        "copied": _("已复制"),
        "failed": _("操作没有成功，请重试。"),
        "offline": _("网络不通，请检查连接后重试。"),
    }
