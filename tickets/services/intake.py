"""Intake: every message from outside becomes a ticket, once.

1. The raw message is stored first, in a transaction of its own; its channel and external
   id are unique, so a repeated delivery finds the first one.
2. Under the lock of that row the customer is found or made, language rules and the model
   judge the text, conditions choose queue and promises, clocks start, an agent is chosen,
   and the events are written: one transaction.
3. If anything dies in between, `sweep` takes the raw row up again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import DomainError, InvalidInput
from core.events import EventData, record_events
from core.language import mask_payment
from customers.models import Customer, Shop
from customers.services import resolve_customer
from tickets import events
from tickets.choices import MessageKind, Priority, TicketStatus, TicketType
from tickets.models import Attachment, Channel, InboundMessage, Ticket, TicketMessage
from tickets.readable import hide_numbers, preview, search_vector
from tickets.services import catalogue, routing, sla
from tickets.triage import Judgement, judge

if TYPE_CHECKING:
    from crm.staff.models import User

SUBJECT_LENGTH = 200
OLDEST = timedelta(days=3 * 366)
#: Clocks of other systems run a little ahead; a moment this close is taken as now.
FUTURE_TOLERANCE = timedelta(minutes=2)
DUPLICATE_WINDOW = timedelta(hours=24)
SWEEP_AFTER = timedelta(seconds=60)
NUMBER_ATTEMPTS = 5


@dataclass(frozen=True)
class CustomerGiven:
    """Who wrote, as the channel says."""

    name: str = ""
    phone: str = ""
    email: str = ""
    external_ids: dict[str, str] = field(default_factory=dict)
    verified: bool = False


@dataclass(frozen=True)
class Request:
    """One message from outside, in the words of the contract."""

    channel: str
    body: str
    external_id: str = ""
    type: str = ""
    category: str = ""
    subject: str = ""
    priority: str = ""
    shop: str = ""
    product: str = ""
    batch: str = ""
    order_no: str = ""
    occurred_at: datetime | None = None
    late_reason: str = ""
    customer: CustomerGiven = field(default_factory=CustomerGiven)
    customer_id: int | None = None
    attachment_ids: tuple[int, ...] = ()
    #: A machine answers first: no agent is given the ticket yet.
    is_for_bot: bool = False

    def dumps(self) -> str:
        data = asdict(self)
        data["occurred_at"] = self.occurred_at.isoformat() if self.occurred_at else None
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> "Request":
        data: dict[str, Any] = json.loads(text)
        moment = data.pop("occurred_at")
        customer = CustomerGiven(**data.pop("customer"))
        data["attachment_ids"] = tuple(data.get("attachment_ids") or ())
        return cls(**data, customer=customer, occurred_at=parse_datetime(moment) if moment else None)


@dataclass(frozen=True)
class Result:
    """The ticket of a message, and whether the message made it."""

    ticket: Ticket
    created: bool


def receive(*, request: Request, actor: "User | None") -> Result:
    """Take a message in. The same channel and external id give the same ticket again."""
    request = replace(request, subject=mask_payment(request.subject), body=mask_payment(request.body))
    check(request)
    raw, known = _store_raw(request, actor)
    return process(raw, request=request) if known else _open_once(raw, request)


def check(request: Request) -> None:
    """Refuse what can never become a ticket, naming the field."""
    if not request.body.strip() and not request.attachment_ids:
        _refuse("body", _("请填写内容。"))
    if request.occurred_at is None:
        return
    if request.occurred_at > clock.now() + FUTURE_TOLERANCE:
        _refuse("occurred_at", _("发生时间不能晚于现在。"))
    if request.occurred_at < clock.now() - OLDEST and not request.late_reason.strip():
        _refuse("occurred_at", _("发生时间早于三年前，请填写原因（late_reason）。"))


def _refuse(name: str, sentence: Any) -> None:
    raise InvalidInput(str(sentence), fields={name: [str(sentence)]})


def _store_raw(request: Request, actor: "User | None") -> tuple[InboundMessage, bool]:
    """The stored raw message, and whether it was there before."""
    try:
        with transaction.atomic():
            raw = InboundMessage.objects.create(
                channel_key=request.channel,
                external_id=request.external_id,
                payload=request.dumps(),
                actor=actor,
                received_at=clock.now(),
            )
        return raw, False
    except IntegrityError:
        raw = InboundMessage.objects.get(channel_key=request.channel, external_id=request.external_id)
        return raw, True


def process(raw: InboundMessage, *, request: Request | None = None) -> Result:
    """Make the ticket of a stored message unless it has one. Safe to run any number of times, by anybody.

    Takes no lock: two that run at once do the same work, and the unique `inbound` of the ticket
    decides who was first. (A lock on the raw row deadlocks with the other's foreign key to it.)
    """
    return _known(raw) or _open_once(raw, request or Request.loads(raw.payload))


def _known(raw: InboundMessage) -> Result | None:
    ticket = Ticket.objects.for_list().filter(inbound=raw).first()
    return Result(ticket, created=False) if ticket else None


def _open_once(raw: InboundMessage, request: Request) -> Result:
    for _attempt in range(NUMBER_ATTEMPTS):
        try:
            with transaction.atomic():
                return Result(_open(raw, request), created=True)
        except IntegrityError as error:
            known = _known(raw)
            if known is not None:
                return known
            # The random digits of the number were taken: draw again. Anything else is a fault.
            if "number" not in str(error):
                raise
    raise DomainError(str(_("工单号暂时用尽，请稍后再试。")), code="number_exhausted")


def _open(raw: InboundMessage, request: Request) -> Ticket:
    actor = raw.actor
    customer = _customer(request, actor)
    channel, channel_given = catalogue.channel_for(request.channel)
    shop, shop_given = catalogue.shop_for(request.shop)
    judgement = judge(f"{request.subject}\n{request.body}".strip())
    ticket = _draft(request, customer, channel, shop or channel.shop, judgement)
    ticket.inbound = raw
    ticket.channel_given, ticket.shop_given = channel_given[:100], shop_given[:100]
    route = routing.choose_queue(ticket, body=request.body, judged_queue=judgement.queue)
    ticket.queue = route.queue
    if route.priority and not request.priority:
        ticket.priority = route.priority
    policy = sla.choose_policy(ticket, body=request.body)
    ticket.sla_policy_id = policy.id if policy else None
    ticket.duplicate_digest = digest(request, customer)
    ticket.possible_duplicate_of_id = _possible_duplicate(ticket)
    assignee = None if request.is_for_bot else routing.choose_assignee(ticket.queue_id)
    if assignee is not None:
        ticket.assignee, ticket.status, ticket.accepted_at = assignee, TicketStatus.OPEN, clock.now()
    return _store(ticket, request, policy, route, actor)


def _customer(request: Request, actor: "User | None") -> Customer:
    if request.customer_id is not None:
        return Customer.objects.get(pk=request.customer_id)
    given = request.customer
    return resolve_customer(
        name=given.name or None,
        phone=given.phone or None,
        email=given.email or None,
        external_ids=given.external_ids or None,
        verified=given.verified,
        actor=actor,
        channel=request.channel,
    )


def _draft(request: Request, customer: Customer, channel: Channel, shop: Shop | None, judgement: Judgement) -> Ticket:
    """The ticket with what was given and what was judged; the given type and category win."""
    moment = clock.now()
    subject = " ".join((request.subject or request.body).split())
    return Ticket(
        type=request.type or judgement.type or TicketType.CONSULTATION,
        priority=request.priority or (Priority.HIGH if judgement.urgent >= 0.5 else Priority.NORMAL),
        severity=judgement.severity,
        channel=channel,
        external_id=request.external_id,
        shop=shop,
        product=request.product,
        batch=request.batch,
        order_no=request.order_no,
        subject=hide_numbers(subject)[: SUBJECT_LENGTH if request.subject else 60],
        category=request.category or judgement.category,
        category_confidence=1.0 if request.category else judgement.category_confidence,
        suggested_category=judgement.category,
        complaint=judgement.complaint,
        urgent=judgement.urgent,
        negative=judgement.negative,
        triage_terms=list(judgement.terms)[:20],
        needs_human_triage=judgement.needs_human and not request.category,
        customer=customer,
        occurred_at=min(request.occurred_at or moment, moment),
        created_at=moment,
        updated_at=moment,
        last_message_at=moment,
        last_message_kind=MessageKind.CUSTOMER,
        last_message_preview=preview(request.body),
        search=search_vector(request.subject, request.body, request.order_no),
    )


def digest(request: Request, customer: Customer) -> bytes:
    """Same customer, order and text: the fingerprint of a possible duplicate (capability C01)."""
    text = "".join(request.body.split()).lower()
    return hashlib.sha256(f"{customer.pk}\0{request.order_no}\0{text}".encode()).digest()


def _possible_duplicate(ticket: Ticket) -> int | None:
    since = clock.now() - DUPLICATE_WINDOW
    earlier = Ticket.objects.filter(duplicate_digest=ticket.duplicate_digest, created_at__gt=since, merged_into=None)
    return earlier.order_by("created_at").values_list("pk", flat=True).first()


def _store(
    ticket: Ticket,
    request: Request,
    policy: catalogue.PolicyInForce | None,
    route: routing.Route,
    actor: "User | None",
) -> Ticket:
    clocks = sla.draft_clocks(ticket, policy)
    ticket.save(force_insert=True)
    message = TicketMessage.objects.create(
        ticket=ticket,
        kind=MessageKind.CUSTOMER,
        body=request.body,
        channel=ticket.channel,
        created_at=ticket.created_at,
    )
    if request.attachment_ids:
        _attach(message, request.attachment_ids, actor)
    sla.start_clocks(ticket, clocks)
    found: list[EventData] = [
        events.ticket_event(
            events.CREATED, ticket, actor, rule=route.rule, duplicate_of=ticket.possible_duplicate_of_id
        )
    ]
    if route.unrouted:
        found.append(events.ticket_event(events.UNROUTED, ticket, None))
    record_events(found)
    return ticket


def _attach(message: TicketMessage, ids: Sequence[int], actor: "User | None") -> None:
    """SECURITY: only files that the actor uploaded; an id alone must not open somebody else's file."""
    Attachment.objects.filter(pk__in=ids, message=None, uploader=actor).update(message=message)


def sweep(*, limit: int = 500, takers: Mapping[str, Callable[[InboundMessage], bool]] = MappingProxyType({})) -> int:
    """Take up raw messages whose processing died; mark the others as processed. Returns how many became tickets.

    `takers`: who takes up messages of a channel (by its key) that are not stored as a `Request`.
    """
    rows = list(
        InboundMessage.objects.filter(
            state=InboundMessage.State.RECEIVED, received_at__lt=clock.now() - SWEEP_AFTER
        ).order_by("received_at")[:limit]
    )
    with_ticket = set(Ticket.objects.filter(inbound__in=rows).values_list("inbound_id", flat=True))
    done = 0
    for raw in rows:
        if raw.pk in with_ticket:
            continue
        try:
            taker = takers.get(raw.channel_key)
            done += taker(raw) if taker else process(raw).created
            with_ticket.add(raw.pk)
        except DomainError as error:
            # What the caller was told is kept: the message stays on record as refused.
            raw.state, raw.error = InboundMessage.State.REJECTED, str(error)[:500]
            raw.save(update_fields=["state", "error"])
    InboundMessage.objects.filter(pk__in=with_ticket).update(state=InboundMessage.State.PROCESSED)
    return done
