"""Moving a request: the guard, the step that keeps history, the new moments, the event."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import record_events
from core.language import mask_numbers
from tickets import events
from tickets.aftersales_choices import (
    ALLOWED,
    COMPENSATED,
    REFUNDED,
    SENT_BACK,
    AfterSalesAction,
    AfterSalesState,
    RefundStatus,
)
from tickets.choices import COMPENSATION_STANDING
from tickets.compensation.reading import Fault
from tickets.models import AfterSales, AfterSalesStep
from tickets.services.aftersales import limits, overdue, statutory

if TYPE_CHECKING:
    from crm.staff.models import User

NOTE_LENGTH = 500
_S = AfterSalesState
#: Columns that a step may have changed beside those of the state itself.
_WRITTEN = (
    "kind", "details", "handler", "accepted_at", "received_at", "decided_at", "finished_at", "amount", "floor",
    "refusal", "rating", "approval", "compensation", "exception",
)  # fmt: skip


def locked(request_id: int) -> AfterSales | None:
    """The row, held until the transaction ends."""
    rows: Any = AfterSales.objects.select_for_update(of=("self",))
    found: AfterSales | None = (
        rows.select_related("ticket", "order__shop", "approval", "compensation").filter(pk=request_id).first()
    )
    return found


def lock(request: AfterSales) -> AfterSales:
    """The fresh row of a request that is there."""
    found = locked(request.pk)
    assert found is not None
    return found


def allowed(request: AfterSales) -> list[str]:
    """What may be done now. What was granted and came to nothing is decided anew."""
    actions = [str(action) for action in ALLOWED[request.state]]
    if request.state == _S.EXECUTING and fell_through(request):
        actions += [str(action) for action in ALLOWED[_S.DECIDING]]
    return actions


def fell_through(request: AfterSales) -> bool:
    """The money that was granted was reversed, rejected, or not approved in time."""
    if request.kind in REFUNDED:
        return not request.refunds.exclude(status=RefundStatus.REVERSED).exists()
    if request.kind in COMPENSATED:
        made = request.compensation
        return made is None or made.status not in COMPENSATION_STANDING
    return False


def guard(request: AfterSales, action: str) -> None:
    """409 with the actions that are possible, when this one is not."""
    if action not in allowed(request):
        values = {"state": request.get_state_display(), "action": AfterSalesAction(action).label}
        sentence = _("售后单%(state)s，不能%(action)s。") % values
        raise Conflict(sentence, code="not_allowed_now", allowed=allowed(request))


def enter(
    request: AfterSales,
    action: str,
    state: str,
    actor: "User | None",
    *,
    note: str = "",
    details: Mapping[str, Any] | None = None,
) -> AfterSales:
    """Into the next state: the row, its step, its timers and its event, in the caller's transaction."""
    now, before, due_at = clock.now(), request.state, request.due_at
    request.state, request.state_at = state, now
    if state in (_S.REFUSED, _S.CANCELLED) or (state == _S.DONE and request.finished_at is None):
        request.finished_at = now
    specs = limits.set_moments(request)
    request.save(update_fields=["state", "state_at", "due_at", "goods_due_at", "updated_at", *_WRITTEN])
    limits.rearm(request, specs)
    AfterSalesStep.objects.create(
        aftersales=request,
        action=action,
        kind=request.kind,
        from_state=before,
        to_state=state,
        details=dict(details or {}),
        note=mask_numbers(note)[:NOTE_LENGTH],
        actor=actor,
        at=now,
        due_at=due_at,
        is_late=due_at is not None and now > due_at,
    )
    if due_at is not None and now > due_at:
        overdue.record(request, state=before, due_at=due_at)
    statutory.follow(request, actor)
    # The ledger keeps what was decided, not only that it was.
    sum_told = {} if request.amount is None else {"amount": str(request.amount)}
    record_events([events.aftersales_event(action, request, actor, before=before, **sum_told)])
    return request


def after_acceptance(request: AfterSales) -> str:
    """Where an accepted request stands: what is still missing before a decision."""
    if request.kind not in SENT_BACK or hasattr(request, "inspection"):
        return _S.DECIDING
    return _S.INSPECTING if request.received_at is not None else _S.RETURNING


def refused_input(faults: Mapping[str, Fault], prefix: str = "") -> InvalidInput:
    """Faults of a pure module as an answer, in the reader's language."""
    fields = {f"{prefix}{name}": [said(fault.text, fault.values)] for name, fault in faults.items()}
    first = next(iter(fields.values()))[0]
    return InvalidInput(first if len(fields) == 1 else _("有几项需要修改，请检查标出的项。"), fields=fields)


def said(sentence: str, values: Mapping[str, str]) -> str:
    """A sentence of a pure module in the reader's language; what stands in its places is translated too."""
    return _(sentence) % {name: _(value) if value else value for name, value in values.items()}


def field_error(field: str, sentence: str, **extra: Any) -> InvalidInput:
    return InvalidInput(sentence, fields={field: [sentence]}, **extra)


def need(text: str, field: str, sentence: str, most: int = NOTE_LENGTH) -> str:
    """The text, trimmed; refused when it is empty or too long."""
    text = text.strip()
    if not text:
        raise field_error(field, sentence)
    if len(text) > most:
        raise field_error(field, _("不能超过 %(n)d 个字符。") % {"n": most})
    return text
