"""Asking legal staff about a claim. Their opinion informs people; no rule of the product reads it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.events import record_events
from tickets import events
from tickets.choices import NoticeKind
from tickets.models import LegalReview, Ticket
from tickets.services import notices
from tickets.services.legal.claim_facts import facts_of
from tickets.services.legal.clocks import refuse

if TYPE_CHECKING:
    from crm.staff.models import User

ASKED, ANSWERED = "legal.review_asked", "legal.review_answered"
TEXT_LENGTH = 2000


@transaction.atomic
def ask_review(*, ticket: Ticket, actor: "User", question: str) -> LegalReview:
    """Put the ticket before legal staff, with the facts as they stand. Raises Conflict while one waits."""
    if not actor.has_perm("tickets.add_legalreview"):
        raise NotAllowed(_("您没有提请法务复核的权限。"))
    text = _text("question", question)
    try:
        with transaction.atomic():
            made: LegalReview = LegalReview.objects.create(
                ticket=ticket, asked_by=actor, question=text, facts=[asdict(fact) for fact in facts_of(ticket)]
            )
    except IntegrityError:
        raise Conflict(_("这张工单已在等法务复核。"), code="already_asked") from None
    people: Any = get_user_model().objects
    seeing = people.who_see_queue(ticket.queue_id).filter(is_active=True)
    told = [person.pk for person in seeing if person.has_perm("tickets.answer_legalreview") and not person.is_auditor]
    notices.notify(users=told, kind=NoticeKind.LEGAL_REVIEW, ticket=ticket, actor=actor)
    record_events([events.ticket_event(ASKED, ticket, actor, review=made.pk)])
    return made


@transaction.atomic
def answer_review(*, review: LegalReview, actor: "User", opinion: str) -> LegalReview:
    """The opinion, once, by somebody else than who asked."""
    if not actor.has_perm("tickets.answer_legalreview"):
        raise NotAllowed(_("您没有给出法务意见的权限。"))
    text = _text("opinion", opinion)
    row: LegalReview = LegalReview.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=review.pk)
    if row.answered_at is not None:
        raise Conflict(_("已有意见。"), code="already_answered")
    if row.asked_by_id == actor.pk:
        raise NotAllowed(_("不能复核自己提请的事项。"))
    row.opinion, row.answered_by, row.answered_at = text, actor, clock.now()
    row.save(update_fields=["opinion", "answered_by", "answered_at"])
    told = {key for key in (row.asked_by_id, row.ticket.assignee_id) if key}
    notices.notify(users=told, kind=NoticeKind.LEGAL_OPINION, ticket=row.ticket, actor=actor)
    record_events([events.ticket_event(ANSWERED, row.ticket, actor, review=row.pk)])
    return row


def _text(name: str, text: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > TEXT_LENGTH:
        refuse(name, _("请填写说明，不超过 %(n)d 个字符。") % {"n": TEXT_LENGTH})
    return cleaned
