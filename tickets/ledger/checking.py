"""Checks of the ledger: begun by a person or every night, gone on with by a timer, portion after portion."""

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from core.timers import TimerSpec, arm
from tickets.ledger.chain import Fault, Place, walk_on
from tickets.models import LedgerCheck, LedgerEntry
from tickets.models.ledger import CheckScope, CheckState, LedgerFault

if TYPE_CHECKING:
    from crm.staff.models import User

logger = logging.getLogger(__name__)

TIMER_CHECK = "ledger.check"
#: Portions one firing takes: some ten thousand entries, a few seconds.
PORTIONS = 10
_LOCK = 0x1ED7


@transaction.atomic
def begin(*, actor: "User | None", scope: str = CheckScope.ALL) -> LedgerCheck:
    """Begin a check; one that is running is answered instead. `new` begins where the last whole check ended."""
    if actor is not None and not actor.has_perm("tickets.add_ledgercheck"):
        raise NotAllowed(_("您没有核验台账的权限。"))
    if scope not in CheckScope.values:
        sentence = _("范围须为 all 或 new。")
        raise InvalidInput(sentence, fields={"scope": [sentence]})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    running: LedgerCheck | None = LedgerCheck.objects.filter(state=CheckState.RUNNING).first()
    if running is not None:
        return running
    place = _last_whole() if scope == CheckScope.NEW else Place()
    check: LedgerCheck = LedgerCheck.objects.create(
        scope=scope, position=place.number, link=place.link, started_by=actor
    )
    _arm(check)
    return check


def _last_whole() -> Place:
    """Where the last whole check ended, as it noted itself; the beginning when there was none."""
    last = LedgerCheck.objects.filter(state=CheckState.WHOLE).order_by("-id").first()
    return Place(last.position, bytes(last.link)) if last is not None else Place()


def _arm(check: LedgerCheck) -> None:
    key = f"{TIMER_CHECK}:{check.pk}:{check.position}"
    arm(TimerSpec(key=key, kind=TIMER_CHECK, due_at=clock.now(), subject_type="ledger_check", subject_id=check.pk))


@transaction.atomic
def go_on(*, check_id: int, portions: int = PORTIONS) -> LedgerCheck | None:
    """Walk some portions, then arm the next firing or end. Safe to repeat: the place stands in the row."""
    rows: Any = LedgerCheck.objects.select_for_update(of=("self",))
    check: LedgerCheck | None = rows.filter(pk=check_id, state=CheckState.RUNNING).first()
    if check is None:
        return None
    place = Place(check.position, bytes(check.link))
    fault = _kept(place)
    for _portion in range(portions):
        if fault is not None:
            break
        place, count, fault = walk_on(place)
        check.checked += count
        if not count and fault is None:
            return _end(check, place, None)
    if fault is not None:
        return _end(check, place, fault)
    check.position, check.link = place.number, place.link
    check.save(update_fields=["position", "link", "checked"])
    _arm(check)
    return check


def _kept(place: Place) -> Fault | None:
    """The entry a check goes on from must still be what it was then."""
    if not place.number:
        return None
    entry = LedgerEntry.objects.filter(pk=place.number).first()
    if entry is None:
        return Fault(LedgerFault.DELETED, 0, place.number)
    return None if bytes(entry.digest) == place.link else Fault(LedgerFault.CHANGED, entry.event_id, entry.number)


def _end(check: LedgerCheck, place: Place, fault: Fault | None) -> LedgerCheck:
    check.position, check.link = place.number, place.link
    check.state, check.finished_at = (CheckState.BROKEN if fault else CheckState.WHOLE), clock.now()
    if fault is not None:
        check.fault, check.broken_number, check.broken_event = fault.kind, fault.number, fault.event_id
        logger.error("After-sales ledger broken: %s entry %s event %s", fault.kind, fault.number, fault.event_id)
    check.save()
    record_event(
        kind=f"ledger.{check.state}",
        subject_type="ledger_check",
        subject_id=check.pk,
        actor=check.started_by,
        payload={"checked": check.checked, "fault": check.fault, "number": check.broken_number},
        audience=f"user:{check.started_by_id}" if check.started_by_id else "",
    )
    return check


def check_now(*, scope: str = CheckScope.ALL) -> LedgerCheck:
    """A check from beginning to end, for the command."""
    check = begin(actor=None, scope=scope)
    while check.state == CheckState.RUNNING:
        check = go_on(check_id=check.pk) or LedgerCheck.objects.get(pk=check.pk)
    return check


def nightly(slot: datetime) -> None:
    """Begin the check of the whole ledger."""
    begin(actor=None)
