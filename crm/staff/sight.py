"""Which teams and queues a person reaches, each in one statement."""

from django.db import connection

# UNION (not UNION ALL) drops what was seen, so even a damaged tree ends.
_TEAMS = """
WITH RECURSIVE mine(id) AS (
    SELECT team_id FROM staff_membership WHERE user_id = %(user)s
    UNION
    SELECT child.id FROM staff_team child JOIN mine ON child.parent_id = mine.id WHERE %(below)s
)
SELECT id FROM mine
"""
_QUEUES = """
WITH RECURSIVE mine(id) AS (
    SELECT team_id FROM staff_membership WHERE user_id = %(user)s
    UNION
    SELECT child.id FROM staff_team child JOIN mine ON child.parent_id = mine.id WHERE %(below)s
)
SELECT DISTINCT served.queue_id FROM staff_team_queues served JOIN mine ON served.team_id = mine.id
"""
# The teams that serve a queue, and every team above them.
_WHO_SEE = """
WITH RECURSIVE above(id, parent_id) AS (
    SELECT team.id, team.parent_id FROM staff_team team
    JOIN staff_team_queues served ON served.team_id = team.id AND served.queue_id = %(queue)s
    UNION
    SELECT parent.id, parent.parent_id FROM staff_team parent JOIN above ON above.parent_id = parent.id
)
SELECT member.user_id FROM staff_membership member JOIN staff_user person ON person.id = member.user_id
WHERE member.team_id IN (SELECT team_id FROM staff_team_queues WHERE queue_id = %(queue)s)
   OR (person.role = %(supervisor)s AND member.team_id IN (SELECT id FROM above))
"""
_ALL_QUEUES = "SELECT id FROM tickets_queue"


def _ids(sql: str, params: dict[str, int | bool | str] | None = None) -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return frozenset(row[0] for row in cursor.fetchall())


def team_ids_of(user_id: int, *, below: bool) -> frozenset[int]:
    """Teams of the person, with `below` also every team under them."""
    return _ids(_TEAMS, {"user": user_id, "below": below})


def served_queue_ids(user_id: int, *, below: bool) -> frozenset[int]:
    """Queues served by the person's teams, with `below` also by the teams under them."""
    return _ids(_QUEUES, {"user": user_id, "below": below})


def user_ids_seeing_queue(queue_id: int, *, supervisor: str) -> frozenset[int]:
    """People of the queue's teams, and supervisors (that role) of the teams above them."""
    return _ids(_WHO_SEE, {"queue": queue_id, "supervisor": supervisor})


def all_queue_ids() -> frozenset[int]:
    return _ids(_ALL_QUEUES)
