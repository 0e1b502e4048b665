"""Tags of home and reports."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from core.language import mask_text

register = template.Library()


@register.inclusion_tag("insights/parts/figure.html")
def figure(figure: Any, url: str = "") -> dict[str, Any]:
    """A figure that opens its rows, with its sample size unless it is a count itself."""
    return {"figure": figure, "url": url, "with_n": bool(figure.metric.denominator)}


@register.simple_tag
def visits_url() -> str:
    """The list of visits, where one is installed."""
    for name in ("visit_list", "admin:followups_followupvisit_changelist"):
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@register.filter
def masked_words(value: str | None) -> str:
    """A free text with the personal data in it masked."""
    return mask_text(value) if value else ""


@register.filter
def percent(share: float | None) -> str:
    """A share in percent with one decimal; an em dash for nothing."""
    return "—" if share is None else f"{float(share) * 100:.1f}%"
