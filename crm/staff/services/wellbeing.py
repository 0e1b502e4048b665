"""The strain on each person: heated conversations, abuse, relief. For themselves and their supervisor only (G18)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from crm.staff.choices import ReliefState, Role
from crm.staff.models import ReliefRequest, User
from tickets.models import AbuseReport, Ticket

#: From this probability of a negative message on, a conversation counts as heated.
HEATED = 0.5


@dataclass(frozen=True)
class Strain:
    """What one person went through in a period. `reliefs` counts every hand-over, after abuse or on request."""

    person: User
    conversations: int
    heated: int
    abuse_reports: int
    requests: int
    granted: int
    abuse_reliefs: int

    @property
    def reliefs(self) -> int:
        return self.granted + self.abuse_reliefs

    @property
    def heated_share(self) -> float | None:
        return self.heated / self.conversations if self.conversations else None

    @property
    def heated_text(self) -> str:
        share = self.heated_share
        return "—" if share is None else f"{share * 100:.0f}%"


def people_of(viewer: User) -> list[User]:
    """Whose figures the viewer may see: oneself first, for supervisors the agents and leads of their branch."""
    found = [viewer]
    if viewer.is_supervisor:
        team = User.objects.active().filter(role__in=[Role.AGENT, Role.LEAD], teams__in=viewer.team_ids_below)
        found += team.exclude(pk=viewer.pk).distinct().order_by("display_name", "username")
    return found


def strain_of(people: Iterable[User], *, start: datetime, end: datetime) -> list[Strain]:
    """The figures of these people from `start` up to, and without, `end`. Three statements."""
    listed = list(people)
    ids = [person.pk for person in listed]
    spoken = _grouped(
        Ticket.objects.filter(assignee__in=ids, created_at__gte=start, created_at__lt=end),
        "assignee_id",
        conversations=Count("pk"),
        heated=Count("pk", filter=Q(negative__gte=HEATED)),
    )
    abused = _grouped(
        AbuseReport.objects.filter(reporter__in=ids, created_at__gte=start, created_at__lt=end),
        "reporter_id",
        reports=Count("pk"),
        reliefs=Count("pk", filter=Q(relieved_at__isnull=False)),
    )
    asked = _grouped(
        ReliefRequest.objects.filter(person__in=ids).within(start, end),
        "person_id",
        requests=Count("pk"),
        granted=Count("pk", filter=Q(state=ReliefState.GRANTED)),
    )
    return [
        Strain(
            person=person,
            conversations=spoken[person.pk, "conversations"],
            heated=spoken[person.pk, "heated"],
            abuse_reports=abused[person.pk, "reports"],
            requests=asked[person.pk, "requests"],
            granted=asked[person.pk, "granted"],
            abuse_reliefs=abused[person.pk, "reliefs"],
        )
        for person in listed
    ]


def _grouped(rows: Any, key: str, **counted: Any) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    for row in rows.order_by().values(key).annotate(**counted):
        for name in counted:
            found[row[key], name] = row[name]
    return found
