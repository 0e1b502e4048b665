"""Moments that people type into date fields."""

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.errors import InvalidInput


def read_moment(text: str, *, field: str) -> datetime | None:
    """What a date field says, in the zone of the house; None for an empty one. InvalidInput names `field`."""
    if not text.strip():
        return None
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        moment = None
    if moment is None:
        sentence = _("时间不正确，例如 2026-11-23 09:00。")
        raise InvalidInput(sentence, fields={field: [sentence]})
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
