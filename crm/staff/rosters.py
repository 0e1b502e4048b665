"""Teams with their people, as the team page shows them."""

from dataclasses import dataclass

from django.db.models import Prefetch

from crm.staff.choices import Availability
from crm.staff.models import Membership, Team, User


@dataclass(frozen=True)
class Roster:
    team: Team
    members: list[User]
    depth: int

    @property
    def on_duty_count(self) -> int:
        return sum(person.availability == Availability.ONLINE for person in self.members)

    @property
    def is_unattended(self) -> bool:
        """Serves queues, and nobody is there to take from them."""
        return self.on_duty_count == 0 and bool(self.team.queues.all())


def rosters_for(user: User) -> list[Roster]:
    """The teams the person sees, each below its parent. Three statements, however many teams."""
    members = Membership.objects.filter(user__is_active=True).select_related("user").order_by("user__username")
    teams = list(
        Team.objects.visible_to(user).prefetch_related("queues", Prefetch("memberships", members)).order_by("name")
    )
    return [
        Roster(team, [membership.user for membership in team.memberships.all()], depth)
        for team, depth in _as_tree(teams)
    ]


def _as_tree(teams: list[Team]) -> list[tuple[Team, int]]:
    """Parents before children, with the depth; a parent out of sight counts as none."""
    visible = {team.pk for team in teams}
    children: dict[int | None, list[Team]] = {}
    for team in teams:
        parent = team.parent_id if team.parent_id in visible else None
        children.setdefault(parent, []).append(team)
    ordered: list[tuple[Team, int]] = []
    waiting = [(team, 0) for team in reversed(children.get(None, []))]
    while waiting:
        team, depth = waiting.pop()
        ordered.append((team, depth))
        waiting.extend((child, depth + 1) for child in reversed(children.get(team.pk, [])))
    return ordered
