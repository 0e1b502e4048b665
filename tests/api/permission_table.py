"""Who gets which answer: one line for every address and method of the API.

The columns of `statuses` are the roles of `tests.world.ROLES`: a stranger, an agent of the team,
an agent of another team, and the team's lead, supervisor, admin and auditor. All ids belong to the
first team; to the other team's agent they do not exist.
"""

from tests.api.tables import customers, rules, tickets
from tests.api.tables.row import UPLOAD, Row

__all__ = ["ROWS", "UPLOAD", "Row"]

ROWS = (*tickets.ROWS, *customers.ROWS, *rules.ROWS)
