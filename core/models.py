"""All models of `core`: one app, its rows live beside the mechanism they belong to."""

from core.approvals.models import (  # noqa: F401
    ApprovalRequest,
    AuthorityDay,
    AuthorityLimit,
    Substitution,
)
from core.audit.models import EventSeal  # noqa: F401
from core.calendars.models import (  # noqa: F401
    BusinessCalendar,
    CalendarDay,
    OpeningHours,
    PublicHoliday,
    PublicHolidayYear,
)
from core.events.models import Event, EventCursor  # noqa: F401
from core.idempotency import IdempotencyRecord  # noqa: F401
from core.outbox.models import OutboxItem  # noqa: F401
from core.procedures.models import (  # noqa: F401
    Department,
    Duty,
    Procedure,
    ProcedureRun,
    ProcedureStep,
    ProcedureTask,
    ProcedureVersion,
    TaskHandover,
)
from core.questionnaires.models import (  # noqa: F401
    Invitation,
    Questionnaire,
    QuestionnaireVersion,
    Response,
)
from core.ranking.models import TermCount, TermProfile  # noqa: F401
from core.registers.models import RecordEvidence, RecordLink  # noqa: F401
from core.timers.models import Heartbeat, PeriodicRun, Timer, TimerFiring  # noqa: F401
