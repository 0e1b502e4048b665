from crm.staff.models.peak import PeakPlan
from crm.staff.models.presence import Presence
from crm.staff.models.relief import ReliefRequest
from crm.staff.models.shift import GroupHours, ShiftPlan, ShiftTemplate, SkillGroup, TemplateShift
from crm.staff.models.team import Membership, Team
from crm.staff.models.token import ApiToken
from crm.staff.models.user import User

__all__ = [
    "ApiToken",
    "GroupHours",
    "Membership",
    "PeakPlan",
    "Presence",
    "ReliefRequest",
    "ShiftPlan",
    "ShiftTemplate",
    "SkillGroup",
    "Team",
    "TemplateShift",
    "User",
]
