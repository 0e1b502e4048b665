"""The people of the shop: teams, logins, who is at the desk when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password

from crm.staff.choices import Availability, Role
from crm.staff.models import Team, User
from crm.staff.services import change_team, create_staff, create_team
from tickets.models import Queue

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = "客服中心"
#: Teams below the head and the queues they serve; together every queue there is.
TEAMS: dict[str, tuple[str, ...]] = {
    "售前组": ("product", "order", "price_promo", "chat"),
    "售后组": ("refund", "quality", "invoice", "default"),
    "投诉组": ("emotion",),
    "物流组": ("logistics",),
}
EARLY = (time(9), time(18))
LATE = (time(13, 30), time(22, 30))


@dataclass(frozen=True)
class Member:
    """A colleague. `hours` None: not at the desk; `finally_` is the state when the story ends."""

    username: str
    name: str
    role: str
    team: str = ""
    limit: int = 8
    hours: tuple[time, time] | None = None
    free_weekday: int = 6
    finally_: str = Availability.OFFLINE
    pace: float = 1.0


MEMBERS = (
    Member("admin", "方知远", Role.ADMIN),
    Member("supervisor", "苏婉宁", Role.SUPERVISOR, HEAD, finally_=Availability.ONLINE),
    Member("auditor", "秦若谷", Role.AUDITOR),
    Member("lead", "林见夏", Role.LEAD, "售后组", 4, EARLY, 5, Availability.BUSY, 0.8),
    Member("agent", "陈一鸣", Role.AGENT, "售后组", 8, EARLY, 2, Availability.ONLINE),
    Member("agent2", "沈可心", Role.AGENT, "售后组", 8, LATE, 0, Availability.ONLINE, 0.9),
    Member("zhouzimo", "周子墨", Role.AGENT, "售后组", 8, LATE, 3, Availability.BREAK, 1.4),
    Member("other_agent", "顾晓雨", Role.AGENT, "售前组", 5, EARLY, 1, Availability.ONLINE, 0.7),
    Member("hetian", "何田田", Role.AGENT, "售前组", 5, LATE, 4, Availability.OFFLINE),
    Member("luoanqi", "罗安琪", Role.LEAD, "投诉组", 4, EARLY, 6, Availability.ONLINE, 0.8),
    Member("hanjiang", "韩江", Role.AGENT, "投诉组", 4, LATE, 2, Availability.BREAK, 2.2),
    Member("tangxiaobei", "唐小北", Role.AGENT, "物流组", 4, EARLY, 4, Availability.ONLINE),
    Member("wutong", "吴桐", Role.AGENT, "物流组", 4, LATE, 5, Availability.OFFLINE, 1.3),
    # Of the departments behind the desk: they do their tasks and see no tickets.
    Member("xuyan", "许言", Role.AGENT),
    Member("jiangwei", "江薇", Role.AGENT),
    Member("luzhou", "陆舟", Role.AGENT),
    Member("baiyu", "白屿", Role.AGENT),
)
BY_USERNAME = {member.username: member for member in MEMBERS}
LOGINS = ("admin", "lead", "supervisor", "agent", "agent2", "other_agent", "auditor")


@dataclass(frozen=True)
class Roster:
    """Who is at the desk at a moment. From `curtain` on everybody stands as the story leaves them.

    The last hours are told as working hours whatever the clock says, so that the desk is alive
    at any time of day the demo is made.
    """

    curtain: datetime

    def is_on_duty(self, username: str, moment: datetime) -> bool:
        member = BY_USERNAME[username]
        if moment >= self.curtain:
            return member.finally_ == Availability.ONLINE
        local = moment.astimezone(SHANGHAI)
        if member.hours is None or local.weekday() == member.free_weekday:
            return False
        return member.hours[0] <= local.time() < member.hours[1]

    def next_on_duty(self, username: str, moment: datetime) -> datetime | None:
        """When the person is at the desk again: now or later; None if not before the story ends."""
        if self.is_on_duty(username, moment):
            return moment
        for start, _end in self.spells(username, moment, self.curtain):
            if start >= moment:
                return start
        return self.curtain if self.is_on_duty(username, self.curtain) and moment < self.curtain else None

    def spells(self, username: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Shifts that begin from the day of `start` on and before `end`."""
        hours = BY_USERNAME[username].hours
        if hours is None:
            return []
        day, last = start.astimezone(SHANGHAI).date(), end.astimezone(SHANGHAI).date()
        found = []
        while day <= last:
            opens = datetime.combine(day, hours[0], SHANGHAI)
            if day.weekday() != BY_USERNAME[username].free_weekday and opens < end:
                found.append((opens, min(datetime.combine(day, hours[1], SHANGHAI), end)))
            day += timedelta(days=1)
        return found


def make_teams() -> dict[str, Team]:
    """The teams, the head first; what they serve comes with `serve`."""
    head = create_team(name=HEAD, actor=None)
    return {HEAD: head, **{name: create_team(name=name, actor=None, parent=head) for name in TEAMS}}


def serve(*, teams: Mapping[str, Team], queues: Mapping[str, Queue], actor: User) -> None:
    """Give every team its queues."""
    for name, keys in TEAMS.items():
        change_team(team=teams[name], actor=actor, queues=[queues[key] for key in keys])


def hire(*, teams: Mapping[str, Team], password: str) -> dict[str, User]:
    """The colleagues by username, all with one password.

    The password of a demo is the operator's own choice, so the rules for passwords do not judge it.
    """
    staff = {}
    hashed = make_password(password)
    for member in MEMBERS:
        user = create_staff(
            username=member.username,
            role=member.role,
            actor=None,
            teams=[teams[member.team]] if member.team else [],
            display_name=member.name,
            email=f"{member.username}@example.com",
            concurrency_limit=member.limit,
        )
        user.password = hashed
        user.save(update_fields=["password"])
        staff[member.username] = user
    return staff
