"""The desk's panes for choosing a way (C30) and for negotiating by the ladder (G14), fetched when the tab is open."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require, ticket_or_404
from crm.workbench.legal.forms import OwnIds
from crm.workbench.money import inputs_of
from tickets.compensation import CASES, LARGEST
from tickets.forms import CleanTextField
from tickets.models import Negotiation, Ticket
from tickets.negotiation import demands, talks
from tickets.negotiation.choices import Answer, NegotiationState, OfferState, Remedy
from tickets.negotiation.weighing import weigh
from tickets.services.solutions import matter_of
from tickets.services.suggestions import asked

OFFER_TONES = {
    OfferState.WAITING.value: "warn",
    OfferState.OFFERED.value: "info",
    OfferState.ACCEPTED.value: "good",
    OfferState.DECLINED.value: "",
    OfferState.REFUSED.value: "bad",
}


def _sum(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_value=LARGEST, max_digits=11, decimal_places=2, **kwargs)


class DemandForm(OwnIds):
    amount = _sum(lazy("要求金额（元）"), min_value=Decimal(0), required=False)
    remedy = forms.ChoiceField(label=lazy("要求方式"), choices=[("", lazy("未说明")), *Remedy.choices], required=False)
    words = CleanTextField(
        label=lazy("客户原话"),
        max_length=demands.WORDS_LENGTH,
        multiline=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class OfferForm(OwnIds):
    amount = _sum(lazy("报价（元）"), min_value=Decimal("0.01"))
    reason = CleanTextField(
        label=lazy("理由"), max_length=talks.REASON_LENGTH, required=False, help_text=lazy("超过上限或授权额度时必填。")
    )


class AnswerForm(OwnIds):
    answer = forms.ChoiceField(label=lazy("客户答复"), choices=Answer.choices)
    countered = _sum(lazy("客户还价（元）"), min_value=Decimal("0.01"), required=False)
    words = CleanTextField(label=lazy("客户怎么说"), max_length=talks.NOTE_LENGTH, required=False)


class WalkAwayForm(OwnIds):
    note = CleanTextField(label=lazy("未达成的原因"), max_length=talks.NOTE_LENGTH)


# Choosing a way


@login_required
@permission_required("tickets.view_compensation", raise_exception=True)
@require_http_methods(["GET", "POST"])
def ticket_weigh(request: HttpRequest, number: str) -> HttpResponse:
    """Demand, cost and load of every way, and the legal minimum. A POST records the demand."""
    ticket, user = ticket_or_404(request, number), person_of(request)
    faulty: DemandForm | None = None
    if request.method == "POST":
        require(request, "tickets.change_ticket", _("您没有登记客户诉求的权限。"))
        faulty = DemandForm(request.POST)
        if faulty.is_valid():
            try:
                demands.record_demand(ticket=ticket, actor=user, **faulty.cleaned_data)
                faulty = None
            except DomainError as error:
                faulty.add_domain_error(error)
    found = weigh(matter_of(ticket, asked(ticket)), ticket)
    said = {name: getattr(found.demand, name) for name in DemandForm.base_fields} if found.demand else {}
    context = {
        "ticket": ticket,
        "found": found,
        "words": _words(user, found.demand.words) if found.demand else "",
        "form": faulty or DemandForm(initial={} if user.is_auditor else said),
        "is_faulty": faulty is not None,
        "may_record": user.has_perm("tickets.change_ticket") and not ticket.merged_into_id,
        "may_grant": user.has_perm("tickets.add_compensation"),
        "may_talk": user.has_perm("tickets.add_negotiation"),
    }
    return render(request, "workbench/disputes/weigh.html", context)


# Negotiating


@login_required
@permission_required("tickets.view_negotiation", raise_exception=True)
@require_http_methods(["GET", "POST"])
def ticket_negotiation(request: HttpRequest, number: str) -> HttpResponse:
    """The ticket's newest negotiation. A POST opens one, offers, records the answer or walks away."""
    ticket, user = ticket_or_404(request, number), person_of(request)
    faulty: dict[str, Any] = {}
    if request.method == "POST":
        require(request, "tickets.add_negotiation", _("您没有协商报价的权限。"))
        faulty = _act(request, ticket, user)
    rows: Any = Negotiation.objects.filter(ticket=ticket).for_list()
    held: Negotiation | None = rows.order_by("-id").first()
    context = {"ticket": ticket, **_shown(held, user), "may_talk": user.has_perm("tickets.add_negotiation"), **faulty}
    response = render(request, "workbench/disputes/negotiation.html", context)
    if request.method == "POST" and not faulty:
        response["HX-Trigger"] = "kean:changed"
    return response


def _act(request: HttpRequest, ticket: Ticket, user: User) -> dict[str, Any]:
    """What went wrong: the form with its faults, or a sentence; empty when it was done."""
    step = request.POST.get("step", "")
    form: Any = {"offer": OfferForm, "answer": AnswerForm, "walk": WalkAwayForm}.get(step, forms.Form)(request.POST)
    if not form.is_valid():
        return {f"{step}_form": form}
    try:
        _run(request, ticket, user, step, form.cleaned_data)
    except DomainError as error:
        if not isinstance(form, OwnIds):
            return {"fault": error.message}
        form.add_domain_error(error)
        return {f"{step}_form": form}
    return {}


def _run(request: HttpRequest, ticket: Ticket, user: User, step: str, values: dict[str, Any]) -> None:
    if step == "open":
        case = CASES.get(request.POST.get("case", ""))
        given = {item.name: request.POST.get(f"in_{item.name}", "") for item in case.inputs} if case else {}
        inputs = inputs_of(case, given) if case else {}
        talks.open_negotiation(ticket=ticket, actor=user, case=case.id if case else "", inputs=inputs)
        return
    held = Negotiation.objects.filter(ticket=ticket, state=NegotiationState.OPEN).first()
    if held is None:
        return
    if step == "offer":
        talks.make_offer(negotiation=held, actor=user, **values)
    elif step == "walk":
        talks.walk_away(negotiation=held, actor=user, **values)
    elif step == "answer":
        offer = held.offers.order_by("-number").first()
        if offer is not None:
            talks.answer_offer(offer=offer, actor=user, **values)


def _shown(held: Negotiation | None, user: User) -> dict[str, Any]:
    """What the pane shows of a negotiation; nothing but the empty state where there is none."""
    if held is None:
        return {"held": None}
    offers = list(held.offers.all())
    for one in offers:
        one.tone, one.shown_answer = OFFER_TONES.get(one.state, ""), _words(user, one.answer)
    last = offers[-1] if offers else None
    reached = max((one.amount for one in offers if one.state != OfferState.REFUSED), default=None)
    rungs = [(Decimal(sum_), rung.words) for sum_, rung in zip(held.amounts, held.version.plan, strict=True)]
    is_open = held.state == NegotiationState.OPEN
    return {
        "held": held,
        "title": _(CASES[held.case].title),
        "basis": [_(article) for article in held.basis],
        "offers": offers,
        "rungs": [(sum_, words, reached is not None and sum_ <= reached) for sum_, words in rungs],
        "end_note": _words(user, held.end_note),
        "is_open": is_open,
        "waits": is_open and last is not None and last.state == OfferState.WAITING,
        "asks": is_open and last is not None and last.state == OfferState.OFFERED,
        "offer_form": OfferForm(initial={"amount": talks.next_amount(held)}),
        "answer_form": AnswerForm(),
        "walk_form": WalkAwayForm(),
    }


def _words(user: User, text: str | None) -> str:
    return mask_text(text or "") if user.is_auditor else text or ""
