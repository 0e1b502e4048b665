"""Warranties on rows: registering a plan, what a serial number is covered for, and time in repair."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict
from core.events import record_event
from customers.models import Order, OrderItem
from tickets.aftersales_choices import EXECUTED_STATES, AfterSalesKind, WarrantyKind
from tickets.models import AfterSales, RepairPeriod, Warranty
from tickets.services.aftersales import flow
from tickets.warranty import Coverage, Plan, Repair, coverage

if TYPE_CHECKING:
    from crm.staff.models import User

LENGTH = 100
LONGEST_MONTHS = 240


@dataclass(frozen=True)
class Checked:
    """What is known of a serial number on a day."""

    serial: str
    plans: list[Warranty]
    repairs: list[RepairPeriod]
    coverage: Coverage


def register(
    *,
    actor: "User",
    serial: str,
    starts_on: date,
    months: int,
    kind: str = WarrantyKind.STATUTORY,
    certificate: str = "",
    sku: str = "",
    order: Order | None = None,
) -> Warranty:
    """Write a plan down. 409 when the same plan of this serial number is there already."""
    serial = flow.need(serial, "serial", _("请填写序列号。"), LENGTH)
    if not 1 <= months <= LONGEST_MONTHS:
        raise flow.field_error("months", _("月数须在 1 到 %(n)d 之间。") % {"n": LONGEST_MONTHS})
    try:
        with transaction.atomic():
            made: Warranty = Warranty.objects.create(
                serial=serial,
                kind=kind,
                certificate=certificate.strip()[:LENGTH],
                sku=sku.strip()[:LENGTH],
                starts_on=starts_on,
                months=months,
                order=order,
                registered_by=actor,
            )
            told = {"kind": kind, "starts_on": f"{starts_on:%F}", "months": months}
            record_event(
                kind="warranty.registered", subject_type="warranty", subject_id=made.pk, actor=actor, payload=told
            )
    except IntegrityError:
        raise Conflict(_("这个序列号已登记过同一起始日的同种质保。"), code="already_registered") from None
    return made


def check(*, serial: str, on: date | None = None) -> Checked:
    """Until when the serial number is covered, time in repair taken out; overlapping plans count for the customer."""
    serial = serial.strip()
    day = on or timezone.localtime(clock.now()).date()
    plans: list[Any] = list(Warranty.objects.filter(serial=serial).order_by("starts_on", "id"))
    repairs: list[Any] = list(RepairPeriod.objects.filter(serial=serial).order_by("started_at"))
    found = coverage(
        [Plan(row.pk, row.starts_on, row.months) for row in plans],
        [Repair(_day(row.started_at), _day(row.ended_at) if row.ended_at else None) for row in repairs],
        day,
    )
    return Checked(serial, plans, repairs, found)


def until(serial: str) -> date | None:
    """The last day of the best plan; None when nobody wrote one down."""
    return check(serial=serial).coverage.until if serial else None


def repairs_of(item: OrderItem | None, serial: str = "") -> int:
    """How often this item, or the thing with this serial number, was repaired here and went out again."""
    which = Q()
    if item is not None:
        which |= Q(order_item=item)
    if serial:
        which |= Q(repair_period__serial=serial)
    if not which:
        return 0
    repaired = AfterSales.objects.filter(which, kind=AfterSalesKind.REPAIR, state__in=EXECUTED_STATES, refusal="")
    return repaired.values("pk").distinct().count()


def came_in(request: AfterSales) -> None:
    """The thing is with us to be repaired: its warranty stands still."""
    serial = request.details.get("serial", "")
    if request.kind == AfterSalesKind.REPAIR and serial and request.received_at is not None:
        RepairPeriod.objects.get_or_create(
            aftersales=request, defaults={"serial": serial, "started_at": request.received_at}
        )


def went_out(request: AfterSales) -> None:
    """The repair is over."""
    RepairPeriod.objects.filter(aftersales=request, ended_at=None).update(ended_at=clock.now())


def _day(moment: Any) -> date:
    return timezone.localtime(moment).date()
