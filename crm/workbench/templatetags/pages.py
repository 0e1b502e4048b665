"""Tags of the list pages."""

from typing import Any

from django import template
from django.http import QueryDict

from core.language import mask_text
from crm.workbench.chips import Chip, Option
from scripts_library.placeholders import pieces
from tickets.choices import STATUS_META

register = template.Library()

#: The colours the chips of the pages know, for the colours of the status table.
_TONES = {"blue": "info", "green": "accent", "yellow": "warn", "orange": "warn", "teal": "good", "gray": ""}


@register.simple_tag(takes_context=True)
def chip_link(context: template.Context, chip: Chip, option: Option) -> str:
    """The present address with the chip set to the choice, from the first page."""
    query: QueryDict = context["request"].GET.copy()
    query.pop("cursor", None)
    query.pop(chip.name, None)
    if option.value != chip.options[0].value:
        query[chip.name] = option.value
    return "?" + query.urlencode()


@register.inclusion_tag("crm/components/chip.html")
def status_chip(ticket: Any) -> dict[str, Any]:
    """The ticket's status by colour, icon and word."""
    meta = STATUS_META[ticket.status]
    return {"label": ticket.get_status_display(), "tone": _TONES[meta.tone], "icon": meta.icon}


@register.filter
def masked_text(value: str | None) -> str:
    """A free text with the personal data in it masked."""
    return mask_text(value) if value else ""


@register.filter
def plain_words(text: str) -> str:
    """A script's text on one line, its placeholders by their Chinese names."""
    shown = "".join(f"［{piece.label}］" if piece.name else piece.text for piece in pieces(text))
    return " ".join(shown.split())
