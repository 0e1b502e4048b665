"""Paying, failing, reversing: the same for compensations and refunds, each once (D10)."""

from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict
from tickets.services.aftersales.flow import need

if TYPE_CHECKING:
    from crm.staff.models import User

REASON_LENGTH = 200
PAID, FAILED, REVERSED = "paid", "failed", "reversed"


def mark_paid(row: Model, *, waiting: str, actor: "User", reference: str) -> bool:
    """Record the payment of what waits or has failed. False when it is paid already: it was paid once.

    One conditional UPDATE: of several at the same moment one pays. Raises Conflict in any other state.
    """
    changed = (
        _rows(row)
        .filter(status__in=[waiting, FAILED])
        .update(status=PAID, paid_at=clock.now(), paid_by=actor, reference=reference, failure="", failed_at=None)
    )
    row.refresh_from_db()
    if not changed and _status(row) != PAID:
        _refuse(row, _("打款"), "not_granted")
    return bool(changed)


def mark_failed(row: Model, *, waiting: str, reason: str) -> bool:
    """The bank or the platform did not carry it out. False when it is known to have failed already."""
    reason = need(reason, "reason", _("请填写失败原因。"), REASON_LENGTH)
    changed = _rows(row).filter(status=waiting).update(status=FAILED, failed_at=clock.now(), failure=reason)
    row.refresh_from_db()
    if not changed and _status(row) != FAILED:
        _refuse(row, _("登记失败"), "not_pending")
    return bool(changed)


def mark_reversed(row: Model, *, waiting: str, actor: "User", reason: str) -> bool:
    """The money came back, or it is given up before it was paid. Final. False when it is reversed already."""
    reason = need(reason, "reason", _("请填写冲正原因。"), REASON_LENGTH)
    changed = (
        _rows(row)
        .filter(status__in=[waiting, FAILED, PAID])
        .update(status=REVERSED, reversed_at=clock.now(), reversed_by=actor, reversal=reason)
    )
    row.refresh_from_db()
    if not changed and _status(row) != REVERSED:
        _refuse(row, _("冲正"), "not_reversible")
    return bool(changed)


def _rows(row: Any) -> Any:
    return type(row)._default_manager.filter(pk=row.pk)


def _status(row: Any) -> str:
    return str(row.status)


def _refuse(row: Any, verb: str, code: str) -> None:
    raise Conflict(
        _("这笔款项%(status)s，不能%(verb)s。") % {"status": row.get_status_display(), "verb": verb}, code=code
    )
