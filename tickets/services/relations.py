"""Tickets that belong together: related, parent and child, split off; and what solving a parent offers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.errors import Conflict, DomainError, InvalidInput
from core.events import record_events
from tickets import events
from tickets.choices import LinkKind, MessageKind
from tickets.models import Ticket, TicketLink, TicketMessage
from tickets.querysets import sight
from tickets.services import intake, routing, transitions

if TYPE_CHECKING:
    from crm.staff.models import User


@dataclass(frozen=True)
class Relation:
    """Another ticket as this one sees it: `word` says what it is to this one."""

    link: TicketLink
    other: Ticket
    word: str
    is_child: bool


def relations_of(ticket: Ticket, user: "User") -> list[Relation]:
    """What the ticket hangs together with, within the person's sight. One statement."""
    rows = TicketLink.objects.filter(
        Q(ticket=ticket) & sight(user, "other__") | Q(other=ticket) & sight(user, "ticket__")
    ).select_related("ticket", "other")
    found = []
    for link in rows.order_by("id"):
        forward = link.ticket_id == ticket.pk
        words = {
            LinkKind.RELATED: (_("相关"), _("相关")),
            LinkKind.PARENT: (_("上级"), _("下级")),
            LinkKind.SPLIT: (_("拆分自"), _("拆分出")),
        }[LinkKind(link.kind)]
        is_child = link.kind == LinkKind.PARENT and not forward
        found.append(Relation(link, link.other if forward else link.ticket, words[0 if forward else 1], is_child))
    return found


@transaction.atomic
def link(*, ticket: Ticket, other: Ticket, actor: "User", kind: str = LinkKind.RELATED) -> TicketLink:
    """Tie two tickets together. For `parent` the other one becomes the parent of the ticket; trees have two levels."""
    if kind not in (LinkKind.RELATED, LinkKind.PARENT):
        raise InvalidInput(_("请选择关系。"), fields={"kind": [_("请选择关系。")]})
    if ticket.pk == other.pk:
        sentence = _("不能与自身关联。")
        raise InvalidInput(sentence, fields={"other": [sentence]})
    for row in (ticket, other):
        routing.refuse_merged(row)
    if kind == LinkKind.PARENT:
        _check_levels(ticket, other)
    first, second = (ticket, other) if kind == LinkKind.PARENT or ticket.pk < other.pk else (other, ticket)
    return _store(first, second, kind, actor)


def _check_levels(child: Ticket, parent: Ticket) -> None:
    """Locked in the order of their ids, so that two people cannot tie a knot at the same moment."""
    list(Ticket.objects.select_for_update(of=("self",)).filter(pk__in=[child.pk, parent.pk]).order_by("pk"))
    ties = TicketLink.objects.filter(kind=LinkKind.PARENT)
    if ties.filter(ticket=child).exists():
        raise Conflict(_("工单已有上级工单，请先解除。"), code="has_parent")
    if ties.filter(ticket=parent).exists() or ties.filter(other=child).exists():
        raise Conflict(_("上下级只有两层：上级工单不能再有上级。"), code="too_deep")


def _store(first: Ticket, second: Ticket, kind: str, actor: "User") -> TicketLink:
    try:
        with transaction.atomic():
            found = TicketLink.objects.create(ticket=first, other=second, kind=kind, actor=actor)
    except IntegrityError:
        raise Conflict(_("两张工单已经关联。"), code="already_linked") from None
    _record("link", found, actor)
    return found


@transaction.atomic
def unlink(*, link: TicketLink, actor: "User") -> None:
    """Untie two tickets. Where a ticket was split off stays known."""
    if link.kind == LinkKind.SPLIT:
        raise Conflict(_("拆分的来历不能解除。"), code="split_stays")
    _record("unlink", link, actor)
    link.delete()


def _record(action: str, link: TicketLink, actor: "User") -> None:
    """Both tickets tell it."""
    record_events(
        [
            events.ticket_event(events.UPDATED, one, actor, action=action, kind=str(link.kind), with_ticket=other.pk)
            for one, other in ((link.ticket, link.other), (link.other, link.ticket))
        ]
    )


def split(*, ticket: Ticket, message: TicketMessage, actor: "User") -> Ticket:
    """Make a ticket of its own of something the customer said; the conversation stays whole. Twice gives the same."""
    if message.ticket_id != ticket.pk or message.kind != MessageKind.CUSTOMER:
        raise Conflict(_("只能拆分客户的消息。"), code="not_a_customer_message")
    routing.refuse_merged(ticket)
    request = intake.Request(
        channel=ticket.channel.key,
        external_id=f"split:{message.pk}",
        body=message.body,
        order_no=ticket.order_no,
        product=ticket.product,
        batch=ticket.batch,
        shop=ticket.shop.key if ticket.shop else ticket.shop_given,
        customer_id=ticket.customer_id,
    )
    made = intake.receive(request=request, actor=actor).ticket
    if not TicketLink.objects.filter(ticket=made, other=ticket, kind=LinkKind.SPLIT).exists():
        _store(made, ticket, LinkKind.SPLIT, actor)
    return made


def solve_children(*, ticket: Ticket, actor: "User") -> int:
    """Solve the open children one by one; what refuses stays open. Returns how many were solved."""
    done = 0
    for relation in relations_of(ticket, actor):
        if not relation.is_child or not relation.other.is_open:
            continue
        try:
            transitions.solve(ticket=relation.other, actor=actor, reason=_("随上级工单解决"))
        except DomainError:
            continue  # It stays among the open children, where it can be solved by hand with its own message.
        done += 1
    return done
