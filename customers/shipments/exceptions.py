"""Trouble with parcels: found by a timer or told by the carrier, and the customer hears of it from us first."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.timers import Postpone
from customers import events, outreach
from customers.models import Outreach, Shipment, ShipmentException
from customers.outreach_choices import OutreachPurpose, OutreachReason
from customers.services.validation import clean_line, field_error
from customers.shipment_choices import BY_ITSELF, ExceptionKind, ExceptionStatus, NodeKind, Remedy, Resolution
from customers.shipments.carriers import Patience
from customers.shipments.wording import Words, words_for

FOUND = "order.shipment_exception"
RESOLVED = "order.shipment_exception_resolved"
TAKEN = "order.shipment_exception_taken"
SUBJECT = "shipment_exception"
#: Within this time somebody shall have spoken with the customer.
CONTACT_WITHIN = timedelta(hours=2)
MAX_NOTE = 300

KINDS: Mapping[str, str] = {
    NodeKind.CREATED: ExceptionKind.NOT_PICKED_UP,
    NodeKind.DELIVERY_FAILED: ExceptionKind.DELIVERY_FAILED,
    NodeKind.RETURNING: ExceptionKind.RETURNING,
    NodeKind.LOST: ExceptionKind.LOST,
    NodeKind.DAMAGED: ExceptionKind.DAMAGED,
}
OFFERS: Mapping[str, Sequence[Remedy]] = {
    ExceptionKind.NOT_PICKED_UP: (Remedy.URGE, Remedy.RESEND, Remedy.REFUND),
    ExceptionKind.STALLED: (Remedy.URGE, Remedy.RESEND, Remedy.REFUND, Remedy.WAIT),
    ExceptionKind.DELIVERY_FAILED: (Remedy.REDELIVER, Remedy.REFUND),
    ExceptionKind.RETURNING: (Remedy.RESEND, Remedy.REFUND),
    # C-13: the buyer need not wait for the carrier's liability to be settled.
    ExceptionKind.LOST: (Remedy.RESEND, Remedy.REFUND),
    ExceptionKind.DAMAGED: (Remedy.RESEND, Remedy.REFUND, Remedy.PARTIAL),
}


@transaction.atomic
def parcel_stalled(*, shipment_id: int) -> ShipmentException | None:
    """The moment has come from which a parcel stands still too long, if it still does."""
    row = _locked_parcel(shipment_id)
    patience = Patience()
    span = patience.span(row.carrier_id, row.stage) if row is not None else None
    if row is None or span is None:
        return None
    if row.moved_at + span > clock.now():
        raise Postpone(row.moved_at + span)
    tells = patience.tells_customer(row.carrier_id, row.stage)
    return _open(row, KINDS.get(row.stage, ExceptionKind.STALLED), tells_customer=tells)


def parcel_troubled(*, shipment: Shipment) -> ShipmentException | None:
    """The carrier itself says that something is wrong. A worse thing than before ends the one before."""
    for known in ShipmentException.objects.open().select_for_update(of=("self",)).filter(shipment=shipment):
        if known.kind == KINDS[shipment.stage]:
            return None
        _end(known, Resolution.MOVED, actor=None)
    tells = Patience().tells_customer(shipment.carrier_id, shipment.stage)
    return _open(shipment, KINDS[shipment.stage], tells_customer=tells)


def parcel_moved(*, shipment: Shipment) -> None:
    """It goes on, or it arrived: what was wrong is over, and nobody need be told any more."""
    how = Resolution.DELIVERED if shipment.stage == NodeKind.DELIVERED else Resolution.MOVED
    for known in ShipmentException.objects.open().select_for_update(of=("self",)).filter(shipment=shipment):
        _end(known, how, actor=None)


def _locked_parcel(shipment_id: int) -> Shipment | None:
    rows = Shipment.objects.select_for_update(of=("self",)).select_related("order__customer", "order__shop", "carrier")
    return rows.filter(pk=shipment_id).first()


def _open(shipment: Shipment, kind: str, *, tells_customer: bool) -> ShipmentException | None:
    """The exception with its task and its message; None while the parcel has one already."""
    if ShipmentException.objects.open().filter(shipment=shipment).exists():
        return None
    moment = clock.now()
    row = ShipmentException.objects.create(
        shipment=shipment,
        kind=kind,
        stage=shipment.stage,
        since=shipment.moved_at,
        detected_at=moment,
        due_at=moment + CONTACT_WITHIN,
        offers=[str(one) for one in OFFERS[kind]],
    )
    words = words_for(row)
    row.script = words.source
    row.outreach = _tell_customer(row, words, by_hand=not tells_customer)
    row.save(update_fields=["script", "outreach", "updated_at"])
    order = shipment.order
    events.record_customer_event(
        FOUND, order.customer_id, None, order=order.pk, shipment=shipment.pk, exception=row.pk, problem=kind
    )
    return row


def _tell_customer(row: ShipmentException, words: Words, *, by_hand: bool) -> Outreach:
    usual = {} if not by_hand else {"channels": ["phone"]}
    return outreach.reach(
        actor=None,
        wanted=outreach.Wanted(
            key=f"shipment-exception:{row.pk}",
            customer=row.shipment.order.customer,
            purpose=OutreachPurpose.SHIPMENT,
            title=words.title,
            body=words.body,
            subject_type=SUBJECT,
            subject_id=row.pk,
            **usual,  # type: ignore[arg-type]
        ),
    )


@transaction.atomic
def take_exception(*, exception: ShipmentException, actor: Any) -> ShipmentException:
    """Somebody looks after it. Taking over from a colleague is allowed and stands in the history."""
    _guard(actor)
    row = _locked_open(exception)
    before = row.assignee_id
    row.assignee, row.status = actor, ExceptionStatus.HANDLING
    row.save(update_fields=["assignee", "status", "updated_at"])
    _record(TAKEN, row, actor, before=before)
    return row


@transaction.atomic
def resolve_exception(
    *, exception: ShipmentException, actor: Any, resolution: str, note: str = ""
) -> ShipmentException:
    """Settled with the customer, or nothing to settle: the task is closed and what still waits is not sent."""
    _guard(actor)
    allowed = [value for value in Resolution.values if value not in BY_ITSELF]
    if resolution not in allowed:
        raise field_error("resolution", _("请选择处理结果。"))
    row = _locked_open(exception)
    row.note = clean_line(note, field="note", limit=MAX_NOTE)
    _end(row, resolution, actor=actor)
    return row


def _locked_open(exception: ShipmentException) -> ShipmentException:
    rows = ShipmentException.objects.select_for_update(of=("self",)).select_related("shipment__order__customer")
    row: ShipmentException = rows.get(pk=exception.pk)
    if row.status == ExceptionStatus.RESOLVED:
        raise Conflict(_("这个异常已解决。"), code="exception_resolved")
    return row


def _end(row: ShipmentException, resolution: str, *, actor: Any) -> None:
    row.status, row.resolution, row.resolved_at, row.resolved_by = (
        ExceptionStatus.RESOLVED,
        resolution,
        clock.now(),
        actor,
    )
    row.save(update_fields=["status", "resolution", "note", "resolved_at", "resolved_by", "updated_at"])
    if row.outreach_id is not None:
        outreach.call_off(ids=[row.outreach_id], actor=actor, reason=OutreachReason.SETTLED)
    _record(RESOLVED, row, actor, resolution=str(resolution))


def _record(kind: str, row: ShipmentException, actor: Any, **payload: Any) -> None:
    order = row.shipment.order
    events.record_customer_event(kind, order.customer_id, actor, order=order.pk, exception=row.pk, **payload)


def _guard(actor: Any) -> None:
    if not actor.has_perm("customers.handle_shipmentexception"):
        raise NotAllowed(_("您没有处理物流异常的权限。"))
