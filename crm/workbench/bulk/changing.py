"""The same change on many tickets, each by its own service under its own guard; what was refused says why."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.models import User
from crm.workbench.bulk.verbs import VERBS, Verb
from crm.workbench.models import BulkChange, BulkChangeRow, Outcome
from tickets.models import Ticket

MOST = 200
#: How long a change can be taken back.
UNDO_WITHIN = timedelta(seconds=60)
REASON_LENGTH = 300


def change_many(
    *, actor: User, action: str, values: Mapping[str, Any], ticket_ids: Sequence[int], key: UUID
) -> BulkChange:
    """Change the tickets one after the other, each in a transaction of its own. The same key again gives the
    first result. Tickets that the person may not see are left out as if they did not exist."""
    verb = _verb(action, actor)
    known = BulkChange.objects.filter(key=key, actor=actor).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    ids = _chosen(ticket_ids)
    prepared = verb.prepare(actor, values)
    try:
        with transaction.atomic():
            change = BulkChange.objects.create(actor=actor, action=action, values=prepared.stored, key=key)
    except IntegrityError:
        raise Conflict(_("这次批量操作已经提交。"), code="already_done") from None
    for ticket in Ticket.objects.visible_to(actor).filter(pk__in=ids).order_by("pk"):
        _change_one(change, ticket, lambda row: verb.change(row, actor, prepared))
    change.finished_at = clock.now()
    change.save(update_fields=["finished_at"])
    _record("bulk.changed", change, actor)
    return change


def _verb(action: str, actor: User) -> Verb:
    if action not in VERBS:
        sentence = _("没有这种批量操作。")
        raise InvalidInput(sentence, fields={"action": [sentence]})
    verb = VERBS[action]
    if not actor.has_perm("workbench.add_bulkchange") or not actor.has_perm(verb.permission):
        raise NotAllowed(_("您没有批量执行这项操作的权限。"))
    return verb


def _chosen(ticket_ids: Sequence[int]) -> list[int]:
    ids = list(dict.fromkeys(ticket_ids))
    sentence = ""
    if not ids:
        sentence = _("请先选择工单。")
    elif len(ids) > MOST:
        sentence = _("一次最多操作 %(n)d 张工单。") % {"n": MOST}
    if sentence:
        raise InvalidInput(sentence, fields={"tickets": [sentence]})
    return ids


def _change_one(change: BulkChange, ticket: Ticket, do: Any) -> None:
    """The change and its row stand or fall together; a refusal is a row too."""
    row = BulkChangeRow(change=change, ticket=ticket)
    try:
        with transaction.atomic():
            row.before, row.outcome = do(ticket), Outcome.CHANGED
            row.save()
    except DomainError as error:
        row.before, row.outcome, row.reason = {}, Outcome.SKIPPED, error.message[:REASON_LENGTH]
        row.save()


def undo(*, change: BulkChange, actor: User) -> BulkChange:
    """Take a change back within a minute, ticket by ticket, by the inverse service. What has gone on since stays."""
    if change.actor_id != actor.pk:
        raise NotAllowed(_("只能撤销自己的批量操作。"))
    if not can_undo(change):
        raise Conflict(_("批量操作只能在一分钟内撤销一次。"), code="too_late")
    claimed = BulkChange.objects.filter(pk=change.pk, undone_at=None).update(undone_at=clock.now())
    if not claimed:
        raise Conflict(_("批量操作只能在一分钟内撤销一次。"), code="too_late")
    change.refresh_from_db()
    verb = VERBS[change.action]
    for row in change.rows.filter(outcome=Outcome.CHANGED).select_related("ticket").order_by("-id"):
        try:
            with transaction.atomic():
                verb.undo(row.ticket, actor, row.before, change.values)
                row.outcome = Outcome.UNDONE
                row.save(update_fields=["outcome"])
        except DomainError as error:
            row.outcome, row.reason = Outcome.KEPT, error.message[:REASON_LENGTH]
            row.save(update_fields=["outcome", "reason"])
    _record("bulk.undone", change, actor)
    return change


def can_undo(change: BulkChange) -> bool:
    """Whether the minute is not over and nobody took it back yet."""
    started = change.finished_at or change.created_at
    return (
        change.undone_at is None
        and clock.now() < started + UNDO_WITHIN
        and change.rows.filter(outcome=Outcome.CHANGED).exists()
    )


def _record(kind: str, change: BulkChange, actor: User) -> None:
    outcomes = list(change.rows.values_list("outcome", flat=True))
    record_event(
        kind=kind,
        subject_type="bulk_change",
        subject_id=change.pk,
        actor=actor,
        payload={"action": str(change.action), **{word: outcomes.count(word) for word in Outcome.values}},
        audience=f"user:{actor.pk}",
    )
