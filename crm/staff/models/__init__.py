from crm.staff.models.team import Membership, Team
from crm.staff.models.token import ApiToken
from crm.staff.models.user import User

__all__ = ["ApiToken", "Membership", "Team", "User"]
