"""Deadlines in the words of the law."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

from tickets.legal_choices import PeriodUnit

register = template.Library()


@register.filter
def deadline_text(due_at: datetime, unit: str) -> str:
    """`2026-11-11 24:00` for a period in days, whose last day ends at midnight; else the moment itself."""
    local = timezone.localtime(due_at)
    if unit != PeriodUnit.HOURS and (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"
