"""What the roles of the ticket floor may give alone (一线授权), and who decides about the rest."""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from core.approvals import ApprovalKind, LimitKind, register_limit
from core.approvals import register as register_kind
from core.approvals.models import ApprovalRequest
from tickets.grading import escalation
from tickets.models import AfterSales, Compensation, Escalation, NegotiationOffer, TicketTransfer
from tickets.negotiation import talks
from tickets.services import compensations, transfers
from tickets.services.aftersales import accepting

DEFAULTS = {"agent": Decimal(50), "lead": Decimal(200), "supervisor": Decimal(1000), "admin": None}
#: By what was paid for the goods that are sent out anew.
EXCHANGES = {"agent": Decimal(300), "lead": Decimal(1000), "supervisor": Decimal(5000), "admin": None}


def _sight(model: type[Model]) -> Callable[[Any], Q]:
    """Approvals of those rows of the model that a person may see."""
    return lambda user: Q(subject_id__in=model._default_manager.visible_to(user).values("pk"))  # type: ignore[attr-defined]


def _at_the_desk(path: str) -> Callable[[ApprovalRequest], str]:
    """The desk page of the ticket to which `path` leads from a request."""
    number = attrgetter(f"{path}.ticket.number")
    return lambda request: f"/desk/{number(request)}/"


def _exchange(request: ApprovalRequest) -> str:
    return f"/aftersales/{request.subject_id}/"


_APPROVE, _SUPERVISE = "tickets.approve_compensation", "tickets.supervise_ticket"
KINDS = (
    (compensations, _("补偿"), _APPROVE, Compensation, _at_the_desk("compensation")),
    (accepting, _("换货"), "tickets.approve_exchange", AfterSales, _exchange),
    (transfers, _("第三次转接"), _SUPERVISE, TicketTransfer, _at_the_desk("transfer")),
    (escalation, _("降级"), _SUPERVISE, Escalation, _at_the_desk("escalation")),
    (talks, _("协商报价"), _APPROVE, NegotiationOffer, _at_the_desk("negotiation_offer.negotiation")),
)


def register() -> None:
    """Tell the approvals, once at start-up."""
    register_limit(LimitKind(compensations.KIND, _("补偿金额（元/人/天）"), DEFAULTS))
    register_limit(LimitKind(compensations.COUPON_KIND, _("优惠券面额（元/人/天）"), DEFAULTS))
    register_limit(LimitKind(accepting.KIND, _("换货金额（元/人/天）"), EXCHANGES))
    for asking, label, codename, model, link in KINDS:
        decided: Any = asking.decided
        kind = ApprovalKind(asking.KIND, label, codename, sight=_sight(model), decided=decided, link=link)
        register_kind(kind)
