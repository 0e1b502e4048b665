"""Tags and filters that all pages share: time, clocks, masks, icons."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import clock as time_source
from core.privacy import mask_address, mask_email, mask_name, mask_phone

register = template.Library()

_MASKS = {"phone": mask_phone, "email": mask_email, "name": mask_name, "address": mask_address}
_SOON_SECONDS = 900


@register.filter
def span(seconds: float | None) -> str:
    """Seconds as 时/分: `45秒`, `5分20秒`, `42分`, `1时20分`, `2天3时`; an em dash for nothing."""
    if seconds is None:
        return "—"
    total = max(0, int(seconds))
    days, hours, minutes = total // 86400, total // 3600, total % 3600 // 60
    if days >= 2:
        return _("{d}天{h}时").format(d=days, h=total % 86400 // 3600)
    if hours:
        return _("{h}时{m}分").format(h=hours, m=minutes)
    if minutes >= 10:
        return _("{m}分").format(m=minutes)
    if minutes:
        return _("{m}分{s}秒").format(m=minutes, s=total % 60)
    return _("{s}秒").format(s=total)


@register.filter
def full_time(moment: datetime | None) -> str:
    """`2026-11-21 19:30` in the office's time zone."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""


@register.simple_tag
def relative_time(moment: datetime | None) -> str | SafeString:
    """`3 分钟前` that app.js keeps current; the full time on hover."""
    if moment is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}" data-relative data-day="{}">{}</time>',
        moment.isoformat(),
        f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}",
        f"{timezone.localtime(moment):%Y-%m-%d}",
        _relative(moment),
    )


def _relative(moment: datetime) -> str:
    seconds = (time_source.now() - moment).total_seconds()
    away = abs(seconds)
    ahead = seconds < 0
    if away < 60:
        return _("马上") if ahead else _("刚刚")
    if away < 3600:
        return (_("{n} 分钟后") if ahead else _("{n} 分钟前")).format(n=int(away // 60))
    if away < 86400:
        return (_("{n} 小时后") if ahead else _("{n} 小时前")).format(n=int(away // 3600))
    if away < 7 * 86400:
        return (_("{n} 天后") if ahead else _("{n} 天前")).format(n=int(away // 86400))
    return date_format(timezone.localtime(moment), "Y-m-d")


@register.inclusion_tag("crm/components/clock.html")
def clock(due_at: datetime | None, name: str = "", warn_at: datetime | None = None, **details: Any) -> dict[str, Any]:
    """A ticking chip for a deadline: `剩 1时20分`, `仅剩 5分`, `超时 5分`, by colour, icon and word.

    `warn_at` is the moment it turns to "soon" (15 minutes before when not given). With
    `paused=True` or `met_at=<moment>` it stands still. `hint` is shown on hover or focus.
    """
    context: dict[str, Any] = {"due_at": due_at, "name": name, "warn_at": warn_at, "hint": details.get("hint", "")}
    met_at = details.get("met_at")
    if due_at is None:
        return context | {"state": "none"}
    if met_at is not None:
        return context | {"state": "missed" if met_at > due_at else "met"}
    if details.get("paused"):
        return context | {"state": "paused"}
    left = (due_at - time_source.now()).total_seconds()
    soon = (due_at - warn_at).total_seconds() if warn_at else _SOON_SECONDS
    state = "late" if left <= 0 else "soon" if left <= soon else "ok"
    return context | {"state": state, "left": span(abs(left))}


@register.filter
def masked(value: str | None, kind: str) -> str:
    """A value as people without the right to reveal see it: `{{ phone|masked:"phone" }}`."""
    return _MASKS[kind](value) if value else ""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler icon; decoration unless it has a label."""
    if label:
        return format_html('<i class="ti ti-{}" role="img" aria-label="{}"></i>', name, label)
    return format_html('<i class="ti ti-{}" aria-hidden="true"></i>', name)


@register.inclusion_tag("crm/components/avatar.html")
def avatar(person: Any, size: str = "") -> dict[str, Any]:
    """A round mark with the last character of a Chinese name or the first letter of another."""
    name = getattr(person, "name", "") or str(person or "")
    letter = name[-1:] if name and ord(name[-1]) > 0x2E80 else name[:1].upper()
    return {"letter": letter, "name": name, "size": size}


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """The present query string with these parameters changed; None or "" removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = value
    return "?" + urlencode(list(query.lists()), doseq=True)


@register.simple_tag(takes_context=True)
def active_nav(context: template.Context, prefix: str) -> str | SafeString:
    """` aria-current="page"` when the present address starts with the prefix."""
    here = context["request"].path
    fits = here == prefix or (prefix != "/" and here.startswith(prefix))
    return format_html(' aria-current="{}"', "page") if fits else ""
