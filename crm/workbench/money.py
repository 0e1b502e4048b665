"""The desk's compensation tab (补偿): a case, its inputs, what is owed and why, and granting it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.approvals import authority
from core.errors import DomainError, InvalidInput
from core.language import mask_text
from crm.staff.models import User
from customers.models import Order
from tickets.choices import CompensationForm, CompensationStatus
from tickets.compensation import CASES, Case, Input, Kind, Quote, money_of
from tickets.models import Compensation, Ticket
from tickets.services import compensations
from tickets.services.aftersales.floors import OVERRIDE_RIGHT
from tickets.services.compensations import said
from tickets.services.precedents import Precedents, precedents_of, price_of

FIRST_CASE = "C-22"
ROWS = 20
#: The authority of whoever asks is known; nobody types it.
NOT_TYPED = frozenset({"limit"})
TONES = {
    CompensationStatus.PENDING: "warn",
    CompensationStatus.GRANTED: "info",
    CompensationStatus.PAID: "good",
    CompensationStatus.REJECTED: "bad",
}


@dataclass(frozen=True)
class ShownInput:
    """An input of the case as a form field."""

    item: Input
    name: str
    label: str
    value: str
    fault: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True)
class ShownQuote:
    """A quote in the reader's language."""

    quote: Quote
    terms: list[tuple[str, Any]]
    basis: list[str]
    notes: list[str]

    @classmethod
    def of(cls, quote: Quote) -> "ShownQuote":
        return cls(
            quote,
            [(_(term.label), term.amount) for term in quote.terms],
            [_(article) for article in quote.basis],
            [said(note.text, note.values) for note in quote.notes],
        )


def ticket_of(request: HttpRequest, number: str) -> Ticket:
    """The ticket, if the person may see it and its compensations."""
    found = Ticket.objects.visible_to(request.user).for_list().filter(number=number).first()  # type: ignore[arg-type]
    if found is None:
        raise Http404(_("没有这张工单，或您无权查看。"))
    if not request.user.has_perm("tickets.view_compensation"):  # type: ignore[union-attr]
        raise PermissionDenied
    return found


def money_context(ticket: Ticket, user: User, values: Mapping[str, str]) -> dict[str, Any]:
    """What the tab shows: what was granted, what may still be granted today, and the form."""
    rows = list(ticket.compensations.for_list().order_by("-id")[:ROWS])
    for row in rows:
        row.tone = TONES.get(row.status, "")
        row.title = _(CASES[row.case].title) if row.case in CASES else row.case
        row.articles = [_(article) for article in row.basis]
        row.shown_note = mask_text(row.note) if user.is_auditor else row.note
    return {
        "money_rows": rows,
        "money_left": authority.left(compensations.KIND, user),
        "may_grant": user.has_perm("tickets.add_compensation") and not ticket.merged_into_id,
        "may_pay": user.has_perm("tickets.pay_compensation"),
        "may_talk": user.has_perm("tickets.add_negotiation") and not ticket.merged_into_id,
        **form_context(ticket, user, values),
    }


def form_context(ticket: Ticket, user: User, values: Mapping[str, str]) -> dict[str, Any]:
    """The case, its fields, and the quote as far as the fields are filled in."""
    case = CASES.get(values.get("case", ""), CASES[FIRST_CASE])
    given = {item.name: values.get(f"in_{item.name}", "") for item in case.inputs}
    if not any(given.values()) and "P" in given:
        given["P"] = _paid(ticket)
    quote, faults = _quoted(case, user, given)
    fields = [_shown(item, given[item.name], faults) for item in case.inputs if item.name not in NOT_TYPED]
    return {
        "cases": [(item.id, _(item.title)) for item in CASES.values()],
        "case": case.id,
        "fields": fields,
        "shown": ShownQuote.of(quote) if quote is not None else None,
        "forms": CompensationForm.choices,
        "amount": values.get("amount") or (f"{quote.total:.2f}" if quote is not None and quote.total > 0 else ""),
        "form_chosen": values.get("form", ""),
        "note": values.get("note", ""),
        "may_override": user.has_perm(OVERRIDE_RIGHT),
        "override_reason": values.get("override_reason", ""),
        "usual": _usual(ticket, given),
    }


@dataclass(frozen=True)
class Usual:
    """What similar complaints were given, as the form shows it. `low` and `high` in yuan."""

    precedents: Precedents
    low: Decimal | None
    middle: Decimal | None
    high: Decimal | None


def _usual(ticket: Ticket, given: Mapping[str, str]) -> Usual | None:
    price = price_of(given)
    if price is None or not ticket.category:
        return None
    known = precedents_of(category=ticket.category, price=price)
    spread = known.spread
    return Usual(
        known, known.money(spread.p10, price), known.money(spread.median, price), known.money(spread.p90, price)
    )


def _paid(ticket: Ticket) -> str:
    """What was paid for the ticket's order, as a first guess."""
    if not ticket.order_no:
        return ""
    order = Order.objects.filter(customer=ticket.customer_id, order_no=ticket.order_no).first()
    return f"{order.paid:.2f}" if order is not None else ""


def _quoted(case: Case, user: User, given: Mapping[str, str]) -> tuple[Quote | None, dict[str, str]]:
    try:
        return compensations.quote(actor=user, case=case.id, inputs=inputs_of(case, given)), {}
    except InvalidInput as error:
        # What is still empty is not yet a mistake.
        named = {name.removeprefix("inputs."): sentences[0] for name, sentences in error.fields.items()}
        return None, {name: sentence for name, sentence in named.items() if given.get(name)}


def inputs_of(case: Case, given: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the calculator reads it: goods one a line ("120 × 1"), returned lines by their number."""
    found: dict[str, Any] = {}
    for item in case.inputs:
        text = given.get(item.name, "").strip()
        if not text:
            continue
        if item.kind is Kind.ITEMS:
            found[item.name] = [_line(line) for line in text.splitlines() if line.strip()]
        elif item.kind is Kind.INDICES:
            numbers = text.replace("，", ",").replace("、", ",").split(",")
            found[item.name] = [int(one) - 1 if one.strip().isascii() and one.strip().isdigit() else -1
                                for one in numbers]  # fmt: skip
        else:
            found[item.name] = text
    return found


def _line(line: str) -> dict[str, str]:
    price, _sign, quantity = line.replace("x", "×").replace("*", "×").partition("×")
    return {"price": price.strip(), "quantity": quantity.strip() or "1"}


def _shown(item: Input, value: str, faults: Mapping[str, str]) -> ShownInput:
    choices = [(key, _(label)) for key, label in item.choices]
    if item.kind is Kind.FLAG:
        choices = [("true", _("是")), ("false", _("否"))]
        value = value or str(item.default).lower()
    return ShownInput(item, f"in_{item.name}", _(item.label), value, faults.get(item.name, ""), choices)


@login_required
@require_http_methods(["GET", "POST"])
def money(request: HttpRequest, number: str) -> HttpResponse:
    """The tab; a POST grants. A fault keeps what was typed."""
    user: User = request.user  # type: ignore[assignment]
    ticket = ticket_of(request, number)
    fault, told, values = "", "", request.GET
    if request.method == "POST":
        if not user.has_perm("tickets.add_compensation"):
            raise PermissionDenied
        try:
            told = _grant(ticket, user, request.POST)
        except DomainError as error:
            fault, values = error.message, request.POST
    side = {"tab": "money", "tabs": None, **money_context(ticket, user, values), "fault": fault, "told": told}
    response = render(request, "workbench/parts/side_money.html", {"side": side, "ticket": ticket})
    if told:
        response["HX-Trigger"] = "kean:changed"
    return response


def _grant(ticket: Ticket, user: User, values: Mapping[str, str]) -> str:
    case = CASES.get(values.get("case", ""))
    if case is None:
        raise InvalidInput(_("请选择补偿情形。"))
    given = {item.name: values.get(f"in_{item.name}", "") for item in case.inputs}
    form = values.get("form", "")
    made = compensations.grant(
        ticket=ticket,
        actor=user,
        case=case.id,
        inputs=inputs_of(case, given),
        amount=_amount(values.get("amount", "")),
        form=form if form in CompensationForm.values else CompensationForm.TRANSFER,
        note=values.get("note", "").strip()[: compensations.NOTE_LENGTH],
        override_reason=values.get("override_reason", ""),
    )
    if made.approval is not None:
        return _("已提交审批：%(reason)s。") % {"reason": made.approval.reason}
    return _("已给付 %(amount)s 元，待打款。") % {"amount": f"{made.amount:.2f}"}


def _amount(text: str) -> Decimal:
    found = money_of(text)
    if found is None:
        raise InvalidInput(_("请填写补偿金额，最多两位小数。"), fields={"amount": []})
    return found


@login_required
@require_GET
def money_quote(request: HttpRequest, number: str) -> HttpResponse:
    """What is owed for what is typed now."""
    ticket = ticket_of(request, number)
    # The sum follows the quote until somebody grants another one.
    values = {name: value for name, value in request.GET.items() if name != "amount"}
    side = form_context(ticket, request.user, values)  # type: ignore[arg-type]
    return render(request, "workbench/parts/money_quote.html", {"side": side, "ticket": ticket})


@login_required
@require_POST
def money_pay(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Record the payment of one compensation."""
    user: User = request.user  # type: ignore[assignment]
    ticket = ticket_of(request, number)
    if not user.has_perm("tickets.pay_compensation"):
        raise PermissionDenied
    found = Compensation.objects.filter(ticket=ticket, pk=pk).first()
    if found is None:
        raise Http404
    fault = ""
    try:
        compensations.pay(compensation=found, actor=user, reference=request.POST.get("reference", "").strip()[:100])
    except DomainError as error:
        fault = error.message
    side = {"tab": "money", **money_context(ticket, user, {}), "fault": fault}
    response = render(request, "workbench/parts/side_money.html", {"side": side, "ticket": ticket})
    response["HX-Trigger"] = "kean:changed"
    return response
