"""Who is looking at a thing now, and who is typing.

Kept in Redis only and gone by itself: losing it loses nothing else.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from django.db import connection

from core import clock
from core.redis import attempt

LOOKING = "looking"
TYPING = "typing"
LEFT = "left"
STATES = (LOOKING, TYPING, LEFT)
#: Who says nothing for so long has left. Pages speak every twenty seconds.
SECONDS = 45


@dataclass(frozen=True)
class Present:
    id: int
    name: str
    state: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def _key(subject: str) -> str:
    return f"kean:here:{connection.settings_dict['NAME']}:{subject}"


def say(*, subject: str, person: Present) -> bool:
    """Note what the person does at the subject; returns whether that is news."""
    field = str(person.id)
    value = json.dumps({"name": person.name, "state": person.state, "until": clock.now().timestamp() + SECONDS})

    def write(client: object) -> bytes | None:
        line = client.pipeline()  # type: ignore[attr-defined]
        line.hget(_key(subject), field)
        if person.state == LEFT:
            line.hdel(_key(subject), field)
        else:
            line.hset(_key(subject), field, value)
            line.expire(_key(subject), SECONDS)
        return line.execute()[0] or b"{}"

    before = attempt(write)
    if before is None:
        return False
    known = json.loads(before)
    was = known["state"] if known and known["until"] > clock.now().timestamp() else LEFT
    return bool(was != person.state)


def present(subjects: Sequence[str]) -> dict[str, list[Present]]:
    """Who is at each subject, by name. One round trip; empty when Redis is away."""
    if not subjects:
        return {}

    def read(client: object) -> list[dict[bytes, bytes]]:
        line = client.pipeline(transaction=False)  # type: ignore[attr-defined]
        for subject in subjects:
            line.hgetall(_key(subject))
        return list(line.execute())

    found = attempt(read) or [{} for _ in subjects]
    return {
        subject: sorted(_people(rows), key=lambda one: one.name) for subject, rows in zip(subjects, found, strict=True)
    }


def _people(rows: dict[bytes, bytes]) -> Iterable[Present]:
    moment = clock.now().timestamp()
    for field, value in rows.items():
        known = json.loads(value)
        if known["until"] > moment:
            yield Present(int(field), known["name"], known["state"])
