"""Statutory periods as arithmetic: what they are (`presets`) and when they end (`periods`). No Django, no rows."""

from tickets.legal.periods import Period, due_at, in_time, moment_after
from tickets.legal.presets import PRESETS, RulePreset

__all__ = ["PRESETS", "Period", "RulePreset", "due_at", "in_time", "moment_after"]
