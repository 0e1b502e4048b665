"""Links between the pages of parcels, recalls and disruptions."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def may_open(context: template.Context, place: Any) -> str:
    """The address of a neighbouring page, or "" for somebody who may not open it."""
    return reverse(place.url_name) if context["request"].user.has_perm(place.permission) else ""
