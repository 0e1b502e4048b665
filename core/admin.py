"""Admin pages of `core`, one module per mechanism."""

from core.calendars import admin as calendars_admin  # noqa: F401
