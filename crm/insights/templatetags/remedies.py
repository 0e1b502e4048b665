"""Cells of the reports on remedies: a figure with its interval and n, marked when n is too small."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.translation import gettext as _

from core.statistics import Interval
from crm.insights.metrics import NOTHING
from crm.insights.remedies.shares import Mean, Share
from tickets.services.outcomes import methods_text

register = template.Library()


@register.inclusion_tag("insights/remedies/cell.html")
def share_cell(share: Share, url: str = "", hits_url: str = "") -> dict[str, Any]:
    """A share in percent; n leads to what it is of, the value to what was hit."""
    value = NOTHING if share.value is None else f"{share.value * 100:.1f}%"
    return {"value": value, "interval": percents(share.interval), "of": share, "url": url, "hits_url": hits_url}


@register.inclusion_tag("insights/remedies/cell.html")
def mean_cell(mean: Mean, unit: str = "") -> dict[str, Any]:
    """A mean with one decimal after its sign of currency, or before its unit."""
    if mean.value is None:
        return {"value": NOTHING, "interval": "", "of": mean}
    interval = mean.interval
    span = f"{interval.low:.1f} – {interval.high:.1f}" if interval is not None else ""
    return {"value": f"¥{mean.value:.2f}" if unit == "¥" else f"{mean.value:.1f}", "interval": span, "of": mean}


@register.filter
def percents(interval: Interval | None) -> str:
    """`40.1% – 80.2%`"""
    return "" if interval is None else f"{interval.low * 100:.1f}% – {interval.high * 100:.1f}%"


@register.filter
def points(value: float | None) -> str:
    """A difference of shares: `+5.0 个百分点`"""
    return NOTHING if value is None else _("{n:+.1f} 个百分点").format(n=value * 100)


@register.filter
def point_span(interval: Interval | None) -> str:
    """`+1.0 – +9.0`"""
    return NOTHING if interval is None else f"{interval.low * 100:+.1f} – {interval.high * 100:+.1f}"


@register.filter
def p_value(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


@register.filter
def methods(keys: Iterable[str]) -> str:
    """`退款、补偿`"""
    return methods_text(keys)
