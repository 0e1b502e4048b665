"""What lower floors ask of tickets: sight of customers, merging, profile panels, script values."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from customers import concerns, merging, profile, visibility
from customers.models import Customer
from scripts_library.rendering import register_value_provider
from tickets import outreach_way
from tickets.choices import TicketType
from tickets.compensation import CASES
from tickets.models import Compensation, Ticket
from tickets.services import abuse

PANEL_ROWS = 20


def register() -> None:
    """Tell the lower floors, once at start-up."""
    visibility.register(customer_sight)
    merging.register("tickets.Ticket", "customer")
    profile.register_panel(
        "tickets", tickets_panel, "tickets/panels/customer_tickets.html", title=_("工单与会话"), position=10
    )
    concerns.register(concerns.OPEN_COMPLAINT, with_open_complaint)
    profile.register_panel(
        "compensations",
        compensations_panel,
        "tickets/panels/customer_compensations.html",
        title=_("补偿"),
        position=30,
    )
    profile.register_panel(
        "abuse", abuse_panel, "tickets/panels/customer_abuse.html", title=_("恶意攻击标记"), position=85
    )
    register_value_provider(script_values)
    outreach_way.register()


def customer_sight(user: Any) -> visibility.Sight | None:
    """A customer is seen through the tickets one may see."""
    if user.sees_everything:
        return None
    held = Ticket.objects.filter(customer=OuterRef("pk"))
    return visibility.Sight(seen=Exists(held.visible_to(user)), held=Exists(held))


def tickets_panel(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest tickets of the customer that the user may see."""
    rows = Ticket.objects.visible_to(user).filter(customer=customer).for_list().order_by("-created_at", "-pk")
    return {"tickets": list(rows[:PANEL_ROWS])}


def with_open_complaint(customer_ids: Collection[int]) -> set[int]:
    """Those among the customers whose complaint is not solved yet."""
    complaints = Ticket.objects.open().filter(type=TicketType.COMPLAINT, customer__in=customer_ids)
    return set(complaints.order_by().values_list("customer_id", flat=True))


def compensations_panel(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest compensations of the customer's tickets that the user may see."""
    rows = Compensation.objects.visible_to(user).filter(ticket__customer=customer).for_list().order_by("-id")
    found: list[Any] = list(rows[:PANEL_ROWS])
    for row in found:
        row.title = gettext(CASES[row.case].title) if row.case in CASES else ""
    return {"compensations": found}


def abuse_panel(customer: Customer, user: Any) -> dict[str, Any]:
    """Whether the customer is flagged now, with the ticket's number for those who may see it."""
    flag = abuse.flag_of(customer)
    seen = flag is not None and Ticket.objects.visible_to(user).filter(pk=flag.ticket_id).exists()
    return {"flag": flag, "flag_number": flag.ticket.number if flag is not None and seen else ""}


def script_values(reference: str, actor: Any) -> Mapping[str, str | None]:
    """Values of script placeholders for a ticket named by id or number."""
    reference = str(reference)
    if not (reference.isascii() and reference.isdigit()) or len(reference) > 18:
        raise NotFound(_("没有这张工单。"))
    named = Q(number=reference) if len(reference) == 14 else Q(pk=int(reference))
    ticket = Ticket.objects.visible_to(actor).for_list().filter(named).first()
    if ticket is None:
        raise NotFound(_("没有这张工单。"))
    return {
        "customer_name": ticket.customer.name or None,
        "order_no": ticket.order_no or None,
        "ticket_number": ticket.number,
        "sku": ticket.product or None,
        "shop_name": ticket.shop.name if ticket.shop else None,
        "agent_name": actor.name,
        "today": f"{timezone.localdate():%Y-%m-%d}",
    }
