"""Scripts ready to insert: found for what is typed or asked, filled for one ticket."""

from dataclasses import asdict, dataclass
from typing import Any

from crm.staff.models import User
from scripts_library.models import ScriptVersion
from scripts_library.placeholders import PLACEHOLDERS, render
from scripts_library.rendering import ticket_values
from scripts_library.suggestion import search_scripts, suggest_scripts
from tickets.models import Ticket
from tickets.services.suggestions import asked

LIMIT = 8


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
    """Scripts matching the query, or fitting the customer's words when nothing was typed."""
    if query:
        hits = search_scripts(query, limit=LIMIT)
    else:
        hits = suggest_scripts(asked(ticket), ticket_type=ticket.type, limit=LIMIT)
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
