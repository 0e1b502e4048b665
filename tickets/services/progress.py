"""What a customer without a login can do: complain and ask how it stands."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.choices import ConsentChannel, ConsentPurpose
from customers.models import Customer
from customers.services import resolve_customer, withdraw_consent
from tickets.choices import TicketType
from tickets.models import Ticket
from tickets.services import intake

CHANNEL = "web"
#: The link to rate a solved ticket, as the floor above knows it.
SurveyLink = Callable[[Ticket], str | None]
_survey_links: list[SurveyLink] = []
NOT_FOUND = _("没有找到对应的记录，请核对工单号和手机尾号。")


def register_survey_link(link: SurveyLink) -> None:
    """Tell, once at start-up, who knows where a customer rates a ticket."""
    _survey_links.append(link)


def survey_link(ticket: Ticket) -> str | None:
    """Where the customer can rate the ticket now; None when there is nothing to rate."""
    return next(filter(None, (link(ticket) for link in _survey_links)), None)


def complain(
    *,
    body: str,
    name: str = "",
    phone: str = "",
    email: str = "",
    order_no: str = "",
    subject: str = "",
    shop: str = "",
    anonymous: bool = False,
    external_id: str = "",
    attachment_ids: tuple[int, ...] = (),
) -> Ticket:
    """A complaint from the public form. Anonymous means: no contact data is kept and nobody will call."""
    customer_id = anonymous_customer().pk if anonymous else None
    given = intake.CustomerGiven() if anonymous else intake.CustomerGiven(name=name, phone=phone, email=email)
    request = intake.Request(
        channel=CHANNEL,
        external_id=external_id or secrets.token_urlsafe(16),
        type=TicketType.COMPLAINT,
        body=body,
        subject=subject,
        order_no=order_no,
        shop=shop,
        customer=given,
        customer_id=customer_id,
        attachment_ids=attachment_ids,
    )
    return intake.receive(request=request, actor=None).ticket


def anonymous_customer() -> Customer:
    """A record for somebody who does not want to be known or contacted."""
    customer = resolve_customer(channel=CHANNEL)
    withdraw_consent(
        customer=customer,
        actor=None,
        purpose=ConsentPurpose.CONTACT,
        channel=ConsentChannel.WEB,
        evidence=str(_("匿名投诉")),
    )
    customer.refresh_from_db()
    return customer


def track_url(ticket: Ticket) -> str:
    """Where the customer can follow the ticket."""
    return f"{settings.PUBLIC_URL}{reverse('track')}?number={ticket.number}"


def find(*, number: str, phone_tail: str) -> Ticket | None:
    """The ticket of that number if the customer's phone ends in `phone_tail`; None in every other case."""
    ticket = Ticket.objects.filter(number=number.strip()).select_related("customer").defer("search").first()
    while ticket is not None and ticket.merged_into_id:
        ticket = Ticket.objects.select_related("customer").defer("search").get(pk=ticket.merged_into_id)
    if ticket is None or not ticket.customer.phone:
        return None
    return ticket if secrets.compare_digest(ticket.customer.phone[-4:].encode(), phone_tail.encode()) else None
