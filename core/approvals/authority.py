"""What a person may grant alone in a day, enforced under concurrency."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from core import clock
from core.approvals import registry
from core.approvals.models import AuthorityDay, AuthorityLimit
from core.events import record_event

_ROOM = """
INSERT INTO core_authorityday (kind, person_id, "on", used) VALUES (%s, %s, %s, 0)
ON CONFLICT (person_id, kind, "on") DO NOTHING
"""


def limit_of(kind: str, role: str) -> Decimal | None:
    """The limit of a day for a role: the saved row, else the default; None = without limit."""
    row = AuthorityLimit.objects.filter(kind=kind, role=role).first()
    if row is not None:
        return row.per_day
    return registry.limits[kind].defaults.get(role, Decimal(0))


def today() -> date:
    """The office's day."""
    return timezone.localtime(clock.now()).date()


def used(kind: str, person: Any) -> Decimal:
    """What the person granted alone today."""
    row = AuthorityDay.objects.filter(kind=kind, person=person, on=today()).first()
    return row.used if row is not None else Decimal(0)


def left(kind: str, person: Any) -> Decimal | None:
    """What the person may still grant alone today; None = without limit."""
    limit = limit_of(kind, person.role)
    return None if limit is None else max(Decimal(0), limit - used(kind, person))


@transaction.atomic
def take(*, kind: str, person: Any, amount: Decimal) -> bool:
    """Count `amount` against the person's day. False, and nothing counted, when it would pass the limit.

    The conditional UPDATE locks the day's row until the transaction ends: another grant of the same person
    waits for it and then sees the new sum.
    """
    day, limit = today(), limit_of(kind, person.role)
    with connection.cursor() as cursor:
        cursor.execute(_ROOM, [kind, person.pk, day])
    rows = AuthorityDay.objects.filter(kind=kind, person=person, on=day)
    if limit is not None:
        rows = rows.filter(used__lte=limit - amount)
    return rows.update(used=F("used") + amount) == 1


@transaction.atomic
def set_limit(
    *, actor: Any, kind: str, role: str, per_day: Decimal | None, approves_up_to: Decimal | None
) -> AuthorityLimit:
    """Change what a role may grant alone and approve for others. It counts from now on, for today too."""
    values = {"per_day": per_day, "approves_up_to": approves_up_to}
    limit, _is_new = AuthorityLimit.objects.update_or_create(kind=kind, role=role, defaults=values)
    told = {name: None if value is None else str(value) for name, value in values.items()}
    record_event(
        kind="authority.limit_changed",
        subject_type="authority_limit",
        subject_id=limit.pk,
        actor=actor,
        payload={"kind": kind, "role": role, **told},
    )
    return limit
