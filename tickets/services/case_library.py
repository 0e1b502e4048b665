"""A closed complaint that others can learn from: a draft article of the case collection, without personal data."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import NotAllowed
from core.language import mask_text
from core.privacy import mask_name
from core.versions.services import draft_version
from knowledge.models import Article
from knowledge.services import create_article
from tickets.choices import MessageKind
from tickets.models import ComplaintOutcome, Ticket
from tickets.services.outcomes import methods_text

if TYPE_CHECKING:
    from crm.staff.models import User

#: The collection of cases; stored, so the same in every language.
COLLECTION = "投诉案例"
TITLE_LENGTH = 100
#: More of a conversation nobody reads.
TEXT_LENGTH = 2000


def key_of(ticket: Ticket) -> str:
    return f"case-{ticket.number}"


def case_of(ticket: Ticket) -> Article | None:
    """The case that was made of a complaint."""
    return Article.objects.filter(collection=COLLECTION, key=key_of(ticket)).first()


@transaction.atomic
def make_case(*, outcome: ComplaintOutcome, actor: "User") -> tuple[Article, bool]:
    """A draft for review, made once of each complaint; the article and whether it is new."""
    if not actor.has_perm("knowledge.add_articleversion"):
        raise NotAllowed(_("您没有编写案例的权限。"))
    ticket = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=outcome.ticket_id)
    known = case_of(ticket)
    if known is not None:
        return known, False
    title = " · ".join(part for part in (ticket.category or _("投诉"), methods_text(outcome.methods)) if part)
    article = create_article(
        actor=actor,
        key=key_of(ticket),
        title=title[:TITLE_LENGTH],
        collection=COLLECTION,
        category=ticket.category,
        product=ticket.product,
    )
    draft_version(item=article, actor=actor, body=_body(ticket, outcome))
    return article, True


def _body(ticket: Ticket, outcome: ComplaintOutcome) -> str:
    """What happened, what was done, what became of it."""
    said, answered = (_said(ticket, kind, newest) for kind, newest in (("customer", False), ("reply", True)))
    return "\n\n".join(
        [
            f"## {_('投诉')}",
            said or _("客户没有留下文字。"),
            f"## {_('处理')}",
            _("方式：%(methods)s；成本：¥%(cost)s；用时：%(hours).1f 小时。")
            % {
                "methods": methods_text(outcome.methods),
                "cost": outcome.cost,
                "hours": outcome.handling_minutes / 60,
            },
            answered,
            f"## {_('三十天后')}",
            _after(outcome),
        ]
    ).replace("\n\n\n\n", "\n\n")


def _after(outcome: ComplaintOutcome) -> str:
    score = outcome.satisfaction
    lines = [
        _("客户评分 %(score)d/5。") % {"score": score} if score is not None else _("客户没有评分。"),
        _("同类问题再次投诉 %(n)d 次。") % {"n": outcome.repeat_count},
        _("复购 %(n)d 单。") % {"n": outcome.repurchase_count},
    ]
    return "\n".join(f"- {line}" for line in lines)


def _said(ticket: Ticket, kind: str, newest: bool) -> str:
    """The customer's first words, or the last reply, with nobody's data in them."""
    rows = ticket.messages.filter(kind=MessageKind(kind))
    message = rows.order_by("-created_at", "-pk").first() if newest else rows.order_by("created_at", "pk").first()
    return _masked(message.body[:TEXT_LENGTH], ticket) if message is not None else ""


def _masked(text: str, ticket: Ticket) -> str:
    """Without names, numbers and addresses, and without the order and ticket that lead back to the customer."""
    for known, shown in (
        (ticket.customer.name, mask_name(ticket.customer.name)),
        (ticket.order_no, "****"),
        (ticket.number, "****"),
    ):
        if known and len(known) > 1:
            text = text.replace(known, shown)
    return mask_text(text)
