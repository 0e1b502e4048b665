"""Scripts ready to insert: found for what is typed or asked, filled for one ticket."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crm.staff.models import User
from scripts_library.models import ScriptVersion
from scripts_library.placeholders import PLACEHOLDERS, render
from scripts_library.rendering import ticket_values
from scripts_library.suggestion import ScriptHit, ladder_scripts, search_scripts, suggest_scripts
from tickets.anger import Anger
from tickets.models import Ticket
from tickets.services.suggestions import anger_on, asked

LIMIT = 8
ON_RUNG = 3


@dataclass(frozen=True)
class ReadyScript:
    """A script as the composer inserts it; `missing` names placeholders that still stand in it."""

    version: int
    key: str
    title: str
    kind: str
    text: str
    missing: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def scripts_for(ticket: Ticket, user: User, query: str) -> list[ReadyScript]:
    """Scripts matching the query; when nothing was typed, those of the rung of the ladder that fits the customer's
    anger, and then those fitting their words."""
    rung = [] if query else rung_for(ticket, user, anger_on(ticket))
    return [*rung, *fitting_scripts(ticket, user, query, besides=rung)][:LIMIT]


def fitting_scripts(
    ticket: Ticket, user: User, query: str, *, besides: Sequence[ReadyScript] = ()
) -> list[ReadyScript]:
    """Scripts matching the query, or fitting the customer's words when nothing was typed, without those shown."""
    if query:
        hits = search_scripts(query, limit=LIMIT)
    else:
        hits = suggest_scripts(asked(ticket), ticket_type=ticket.type, limit=LIMIT)
    shown = {script.key for script in besides}
    return _ready([hit for hit in hits if hit.key not in shown], ticket, user)


def rung_for(ticket: Ticket, user: User, anger: Anger) -> list[ReadyScript]:
    """The scripts of the ladder for this level of anger; none for somebody calm."""
    hits = ladder_scripts(anger.level, ticket_type=ticket.type, limit=ON_RUNG) if anger.level else []
    return _ready(hits, ticket, user) if hits else []


def _ready(hits: list[ScriptHit], ticket: Ticket, user: User) -> list[ReadyScript]:
    """The scripts filled for the ticket, in their order."""
    versions = ScriptVersion.objects.in_bulk([hit.version_id for hit in hits])
    values = ticket_values(str(ticket.pk), user)
    ready = []
    for hit in hits:
        version = versions.get(hit.version_id)
        if version is not None:
            filled = render(version.body, values)
            missing = [str(PLACEHOLDERS.get(name, name)) for name in filled.missing]
            ready.append(ReadyScript(hit.version_id, hit.key, hit.title, hit.kind, filled.text, missing))
    return ready
