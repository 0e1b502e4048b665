"""The least that law allows for a request, and who may go below it with a reason that is told (C14)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from core.errors import InvalidInput, NotAllowed
from core.wording import listed
from tickets.aftersales_choices import REFUNDED, AfterSalesReason
from tickets.choices import NoticeKind
from tickets.models import AfterSales, Ticket
from tickets.services import notices
from tickets.services.aftersales import flow

if TYPE_CHECKING:
    from crm.staff.models import User

OVERRIDE_RIGHT = "tickets.override_floor"
REASON_LENGTH = 300


@dataclass(frozen=True)
class Floor:
    """The least that may be given, and the articles."""

    amount: Decimal
    basis: tuple[str, ...]


def floor_of(request: AfterSales) -> Floor | None:
    """What law gives back for the goods; None where nothing is ordered (goodwill, or a person must judge first).

    Without reason and intact, or with a fault: what was paid for them, less a gift that was kept.
    """
    if request.kind not in REFUNDED or not request.eligibility:
        return None
    verdict = request.eligibility["verdict"]
    if verdict not in ("eligible", "needs_evidence"):
        return None
    inspection = getattr(request, "inspection", None)
    if inspection is not None and inspection.result != "intact" and request.reason == AfterSalesReason.NO_REASON:
        return None
    if inspection is not None and inspection.result == "wrong_goods":
        return None
    if verdict == "needs_evidence" and (inspection is None or inspection.result != "intact"):
        return None
    deduction = Decimal(request.eligibility.get("deduction") or 0)
    amount = max(Decimal(0), request.goods_value - deduction)
    return Floor(amount, tuple(request.eligibility["basis"])) if amount else None


def hold(floor: Floor | None, amount: Decimal, *, actor: "User", override: str) -> str:
    """The reason under which less is given, "" when it is enough. Raises InvalidInput "below_floor" with the basis."""
    if floor is None or amount >= floor.amount:
        return ""
    basis = [_(article) for article in floor.basis]
    values = {"floor": f"{floor.amount:.2f}", "basis": listed(basis)}
    if not override.strip():
        sentence = _("金额不得低于法定下限 %(floor)s 元（%(basis)s）。") % values
        raise InvalidInput(
            sentence, code="below_floor", fields={"amount": [sentence]}, floor=values["floor"], basis=basis
        )
    if not actor.has_perm(OVERRIDE_RIGHT):
        raise NotAllowed(_("只有主管可以在说明理由后低于法定下限。"), code="override_not_allowed")
    return flow.need(override, "override_reason", _("请填写低于下限的理由。"), REASON_LENGTH)


def report(ticket: Ticket, actor: "User") -> None:
    """Tell everybody else who may do the same that it was done."""
    people: Any = get_user_model().objects
    others = [person.pk for person in people.active() if person.has_perm(OVERRIDE_RIGHT)]
    notices.notify(users=others, kind=NoticeKind.FLOOR_OVERRIDDEN, ticket=ticket, actor=actor)
