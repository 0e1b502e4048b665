"""Moments that people type into date fields."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput

EVENING, MORNING = 18, 9


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


def preset(word: str) -> datetime | None:
    """The moment a button means: in an `hour`, this `evening` (tomorrow's when it is later), tomorrow `morning`."""
    now = timezone.localtime(clock.now())
    if word == "hour":
        return now + timedelta(hours=1)
    if word == "evening":
        moment = now.replace(hour=EVENING, minute=0, second=0, microsecond=0)
        return moment if moment > now else moment + timedelta(days=1)
    if word == "morning":
        return (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return None
