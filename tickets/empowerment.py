"""What the roles of the ticket floor may give alone (一线授权), and who decides about the rest."""

from decimal import Decimal
from typing import Any

from django.db.models import Q
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


def register() -> None:
    """Tell the approvals, once at start-up."""
    register_limit(LimitKind(compensations.KIND, _("补偿金额（元/人/天）"), DEFAULTS))
    register_limit(LimitKind(compensations.COUPON_KIND, _("优惠券面额（元/人/天）"), DEFAULTS))
    register_kind(
        ApprovalKind(
            key=compensations.KIND,
            label=_("补偿"),
            codename="tickets.approve_compensation",
            sight=_sight,
            decided=compensations.decided,
            link=_link,
        )
    )
    register_limit(LimitKind(accepting.KIND, _("换货金额（元/人/天）"), EXCHANGES))
    register_kind(
        ApprovalKind(
            key=accepting.KIND,
            label=_("换货"),
            codename="tickets.approve_exchange",
            sight=_sight_of_exchanges,
            decided=accepting.decided,
            link=_link_of_exchange,
        )
    )
    register_kind(
        ApprovalKind(
            key=transfers.KIND,
            label=_("第三次转接"),
            codename="tickets.supervise_ticket",
            sight=_sight_of_transfers,
            decided=transfers.decided,
            link=_link_of_transfer,
        )
    )
    register_kind(
        ApprovalKind(
            key=escalation.KIND,
            label=_("降级"),
            codename="tickets.supervise_ticket",
            sight=_sight_of_escalations,
            decided=escalation.decided,
            link=_link_of_escalation,
        )
    )
    register_kind(
        ApprovalKind(
            key=talks.KIND,
            label=_("协商报价"),
            codename="tickets.approve_compensation",
            sight=_sight_of_offers,
            decided=talks.decided,
            link=_link_of_offer,
        )
    )


def _sight_of_escalations(user: Any) -> Q:
    """Requests about raised tickets one may see."""
    return Q(subject_id__in=Escalation.objects.visible_to(user).values("pk"))


def _link_of_escalation(request: ApprovalRequest) -> str:
    return f"/desk/{request.escalation.ticket.number}/"


def _sight_of_offers(user: Any) -> Q:
    """Offers on the tickets one may see."""
    return Q(subject_id__in=NegotiationOffer.objects.visible_to(user).values("pk"))


def _link_of_offer(request: ApprovalRequest) -> str:
    return f"/desk/{request.negotiation_offer.negotiation.ticket.number}/"


def _sight(user: Any) -> Q:
    """Approvals of the compensations one may see."""
    return Q(subject_id__in=Compensation.objects.visible_to(user).values("pk"))


def _link(request: ApprovalRequest) -> str:
    return f"/desk/{request.compensation.ticket.number}/"


def _sight_of_exchanges(user: Any) -> Q:
    """Requests one may see."""
    return Q(subject_id__in=AfterSales.objects.visible_to(user).values("pk"))


def _link_of_exchange(request: ApprovalRequest) -> str:
    return f"/aftersales/{request.subject_id}/"


def _sight_of_transfers(user: Any) -> Q:
    """Requests about tickets one may see."""
    return Q(subject_id__in=TicketTransfer.objects.visible_to(user).values("pk"))


def _link_of_transfer(request: ApprovalRequest) -> str:
    return f"/desk/{request.transfer.ticket.number}/"
