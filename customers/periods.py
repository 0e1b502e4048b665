"""The days a list is narrowed to, as they stand in an address: `from` and `to`, both included."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.services.validation import field_error

PARAMETERS = ("from", "to")


def within_days(rows: Any, field: str, given: Mapping[str, str]) -> Any:
    """The rows whose moment lies in these days; a side that is not given is open. Raises InvalidInput by name."""
    first, last = (_day(given, name) for name in PARAMETERS)
    if first is not None and last is not None and last < first:
        raise field_error("to", _("结束日期不能早于开始日期。"))
    if first is not None:
        rows = rows.filter(**{f"{field}__gte": _midnight(first)})
    if last is not None:
        rows = rows.filter(**{f"{field}__lt": _midnight(last + timedelta(days=1))})
    return rows


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2100:
        raise field_error(name, _("请填写日期，例如 2026-11-18。"))
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
