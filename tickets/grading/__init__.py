"""Levels of complaints and what raises them (C05, C09, C10)."""
