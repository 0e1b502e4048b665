"""Negotiating by the ladder (G14): offers are recorded with the customer's answer, never below the statutory
minimum, and above the ceiling or one's authority only with somebody else's approval."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock
from core.approvals import authority
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import request_approval
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_events
from tickets import events
from tickets.compensation import CASES
from tickets.models import Negotiation, NegotiationOffer, Ticket
from tickets.negotiation import ladders, rungs
from tickets.negotiation.choices import STANDING, Answer, NegotiationState, OfferState
from tickets.negotiation.demands import demand_of
from tickets.services import compensations, routing, transitions
from tickets.services.aftersales.floors import Floor, hold
from tickets.services.precedents import price_of

if TYPE_CHECKING:
    from crm.staff.models import User

KIND = "negotiation"
NOTE_LENGTH, REASON_LENGTH = 500, 300
_ZERO = Decimal("0.00")


@transaction.atomic
def open_negotiation(*, ticket: Ticket, actor: "User", case: str, inputs: Mapping[str, Any]) -> Negotiation:
    """Begin: the calculator gives minimum and sum, the ladder of the category the rungs. One at a time a ticket."""
    _need(actor)
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    if ticket.negotiations.filter(state=NegotiationState.OPEN).exists():
        raise Conflict(_("这张工单已有协商在进行。"), code="already_open")
    found = compensations.quote(actor=actor, case=case, inputs=inputs)
    floor = max(_ZERO, found.floor or _ZERO)
    if found.total < 0:
        raise Conflict(_("该情形应由客户补差价，不能补偿；不得自动收取。"), code="difference_due")
    version = ladders.ladder_for(ticket.category)
    sums = rungs.amounts(version.plan, floor=floor, total=found.total, price=price_of(inputs) or _ZERO, cap=found.cap)
    demand = demand_of(ticket)
    try:
        with transaction.atomic():
            made = Negotiation.objects.create(
                ticket=ticket,
                version=version,
                case=found.case,
                inputs=dict(inputs),
                floor=floor,
                total=found.total,
                ceiling=sums[-1],
                amounts=[str(one) for one in sums],
                basis=list(found.basis),
                demanded=demand.amount if demand is not None else None,
                opened_by=actor,
            )
    except IntegrityError as error:
        raise Conflict(_("这张工单已有协商在进行。"), code="already_open") from error
    _record("opened", made, actor, floor=str(floor), ceiling=str(made.ceiling), version=version.pk)
    return made


@transaction.atomic
def make_offer(*, negotiation: Negotiation, actor: "User", amount: Decimal, reason: str = "") -> NegotiationOffer:
    """Offer a sum to the customer. Beyond the ceiling or one's authority it waits for approval, with its reason."""
    _need(actor)
    held = _locked(negotiation)
    last = held.offers.order_by("-number").first()
    if last is not None and last.state in STANDING:
        raise Conflict(_("上一次报价还没有结果，请先登记客户答复。"), code="unanswered")
    _check(held, amount, actor)
    beyond = _beyond(held, actor, amount)
    if beyond and not reason.strip():
        sentence = _("%(beyond)s，请写明理由后提交审批。") % {"beyond": beyond}
        raise InvalidInput(sentence, code="above_ceiling", fields={"reason": [sentence]}, ceiling=f"{held.ceiling:.2f}")
    offer = NegotiationOffer.objects.create(
        negotiation=held,
        number=(last.number if last is not None else 0) + 1,
        amount=amount,
        floor=held.floor,
        state=OfferState.WAITING if beyond else OfferState.OFFERED,
        reason=reason.strip()[:REASON_LENGTH] if beyond else "",
        offered_by=actor,
    )
    if beyond:
        _ask(offer, actor, beyond)
    _record("requested" if beyond else "offered", held, actor, amount=str(amount), number=offer.number)
    return offer


def _check(held: Negotiation, amount: Decimal, actor: "User") -> None:
    if amount <= 0:
        sentence = _("报价须大于 0。")
        raise InvalidInput(sentence, fields={"amount": [sentence]})
    hold(Floor(held.floor, tuple(held.basis)), amount, actor=actor, override="")
    made = held.offers.exclude(state=OfferState.REFUSED).aggregate(most=Max("amount"))["most"]
    if made is not None and amount < made:
        sentence = _("报价不能低于已提出的 %(made)s 元。") % {"made": f"{made:.2f}"}
        raise InvalidInput(sentence, code="below_last", fields={"amount": [sentence]})


def _beyond(held: Negotiation, actor: "User", amount: Decimal) -> str:
    """Why somebody else must agree; "" for what the person may offer alone."""
    if amount > held.ceiling:
        return _("高于阶梯上限 %(ceiling)s 元") % {"ceiling": f"{held.ceiling:.2f}"}
    left = authority.left(compensations.KIND, actor)
    if left is not None and amount > left:
        return _("超出授权额度（今日剩余 %(left)s 元）") % {"left": f"{left:.2f}"}
    if compensations.quote(actor=actor, case=held.case, inputs=held.inputs).needs_review:
        return _("该情形须经人工审核")
    return ""


def _ask(offer: NegotiationOffer, actor: "User", beyond: str) -> None:
    ticket = offer.negotiation.ticket
    title = _("报价 %(amount)s 元，%(case)s，工单 %(number)s") % {
        "case": _(CASES[offer.negotiation.case].title),
        "number": ticket.number,
        "amount": f"{offer.amount:.2f}",
    }
    offer.approval = request_approval(
        kind=KIND,
        subject_type="negotiation_offer",
        subject_id=offer.pk,
        requester=actor,
        title=title,
        reason=f"{beyond}；{offer.reason}",
        amount=offer.amount,
        audience=ticket.audience,
    )
    offer.save(update_fields=["approval"])


def decided(request: ApprovalRequest, actor: Any) -> None:
    """Approved: it may be put to the customer. Otherwise it never was an offer. In the decision's transaction."""
    offer = NegotiationOffer.objects.select_related("negotiation__ticket").get(pk=request.subject_id)
    is_approved = request.state == ApprovalState.APPROVED
    offer.state = OfferState.OFFERED if is_approved else OfferState.REFUSED
    offer.save(update_fields=["state"])
    what = "offered" if is_approved else "refused"
    _record(what, offer.negotiation, actor, amount=str(offer.amount), number=offer.number, approval=request.pk)


@transaction.atomic
def answer_offer(
    *, offer: NegotiationOffer, actor: "User", answer: str, words: str = "", countered: Decimal | None = None
) -> NegotiationOffer:
    """What the customer said. Accepted, the sum is granted at once, under the approval it may have had."""
    _need(actor)
    held = _locked(offer.negotiation)
    fresh = NegotiationOffer.objects.select_related("approval").get(pk=offer.pk)
    if fresh.state != OfferState.OFFERED:
        raise Conflict(
            _("这次报价%(state)s，不能登记答复。") % {"state": fresh.get_state_display()}, code="not_offered"
        )
    if answer == Answer.ACCEPTED and countered is not None:
        sentence = _("客户接受时不填还价。")
        raise InvalidInput(sentence, fields={"countered": [sentence]})
    fresh.state = OfferState.ACCEPTED if answer == Answer.ACCEPTED else OfferState.DECLINED
    fresh.answer, fresh.countered = words, countered
    fresh.answered_by, fresh.answered_at = actor, clock.now()
    fresh.save(update_fields=["state", "answer", "countered", "answered_by", "answered_at"])
    counter = None if countered is None else str(countered)
    _record(fresh.state, held, actor, amount=str(fresh.amount), number=fresh.number, countered=counter)
    if answer == Answer.ACCEPTED:
        _agree(held, fresh, actor)
    return fresh


def _agree(held: Negotiation, offer: NegotiationOffer, actor: "User") -> None:
    """The money is promised as every compensation is: same guards, same limits of a day."""
    held.compensation = compensations.grant(
        ticket=held.ticket,
        actor=actor,
        case=held.case,
        inputs=held.inputs,
        amount=offer.amount,
        note=_("协商达成，第 %(number)d 次报价。") % {"number": offer.number},
        agreed=compensations.Agreed(ceiling=held.ceiling, is_approved=offer.approval is not None),
    )
    _end(held, NegotiationState.AGREED, actor, "")


@transaction.atomic
def walk_away(*, negotiation: Negotiation, actor: "User", note: str) -> Negotiation:
    """End without agreement, saying why. What law gives is owed all the same."""
    _need(actor)
    held = _locked(negotiation)
    if not note.strip():
        sentence = _("请写明未达成的原因。")
        raise InvalidInput(sentence, fields={"note": [sentence]})
    if held.offers.filter(state__in=STANDING).exists():
        raise Conflict(_("上一次报价还没有结果，请先登记客户答复。"), code="unanswered")
    _end(held, NegotiationState.WALKED_AWAY, actor, note.strip()[:NOTE_LENGTH])
    _record("walked_away", held, actor, floor=str(held.floor))
    return held


def _end(held: Negotiation, state: str, actor: "User", note: str) -> None:
    held.state, held.end_note = state, note
    held.ended_by, held.ended_at = actor, clock.now()
    held.save(update_fields=["state", "end_note", "ended_by", "ended_at", "compensation"])


def next_amount(negotiation: Negotiation) -> Decimal:
    """The rung above the last offer; the ceiling when there is none above."""
    made = max((one.amount for one in negotiation.offers.all() if one.state != OfferState.REFUSED), default=_ZERO)
    sums = [Decimal(one) for one in negotiation.amounts]
    return next((one for one in sums if one > made), sums[-1])


def _locked(negotiation: Negotiation) -> Negotiation:
    """The fresh row, its ticket locked first as every verb of a ticket does."""
    ticket = transitions.lock(negotiation.ticket)
    held: Negotiation = Negotiation.objects.select_for_update(of=("self",)).get(pk=negotiation.pk)
    held.ticket = ticket
    if held.state != NegotiationState.OPEN:
        raise Conflict(_("这次协商%(state)s，不能再报价。") % {"state": held.get_state_display()}, code="ended")
    return held


def _need(actor: "User") -> None:
    if not actor.has_perm("tickets.add_negotiation"):
        raise NotAllowed(_("您没有协商报价的权限。"))


def _record(what: str, negotiation: Negotiation, actor: "User | None", /, **data: Any) -> None:
    told = {"negotiation": negotiation.pk, "case": negotiation.case, **data}
    record_events([events.ticket_event(f"negotiation.{what}", negotiation.ticket, actor, **told)])
