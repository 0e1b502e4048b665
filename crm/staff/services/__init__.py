"""Every write to people, teams and keys. `actor` None means the system (commands, timers)."""

from crm.staff.services.availability import change_availability, mark_absent
from crm.staff.services.people import change_staff, create_staff, reset_password, set_password
from crm.staff.services.presence import force_logout, send_gone_away
from crm.staff.services.teams import change_team, create_team
from crm.staff.services.tokens import issue_token, revoke_token

__all__ = [
    "change_availability",
    "change_staff",
    "change_team",
    "create_staff",
    "create_team",
    "force_logout",
    "issue_token",
    "mark_absent",
    "reset_password",
    "revoke_token",
    "send_gone_away",
    "set_password",
]
