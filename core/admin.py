"""Admin pages of `core`, one module per mechanism."""

from core.approvals import admin as approvals_admin  # noqa: F401
from core.calendars import admin as calendars_admin  # noqa: F401
from core.events import admin as events_admin  # noqa: F401
from core.outbox import admin as outbox_admin  # noqa: F401
from core.procedures import admin as procedures_admin  # noqa: F401
from core.questionnaires import admin as questionnaires_admin  # noqa: F401
from core.timers import admin as timers_admin  # noqa: F401
