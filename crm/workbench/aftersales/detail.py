"""One request: what is wanted, what law says, the next step, the money, and everything that happened."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.aftersales.forms import FORMS, StepForm, SwitchForm
from tickets.aftersales_choices import REFUNDED, STATE_TONES, AfterSalesAction, AfterSalesKind
from tickets.aftersales_outcomes import FIELDS, effects
from tickets.models import AfterSales, Refund, Ticket
from tickets.services import attachments, refunds
from tickets.services.aftersales import accepting, deciding, eligibility, flow

_A = AfterSalesAction
RIGHTS = {
    _A.REFUSE: "tickets.decide_aftersales",
    _A.DECIDE: "tickets.decide_aftersales",
    _A.INSPECT: "tickets.inspect_aftersales",
}
CHANGE = "tickets.change_aftersales"
#: The steps that lead on stand open; the others are folded.
SIDE_STEPS = (_A.REFUSE, _A.SWITCH, _A.CANCEL)
REFUND_VERBS: dict[str, Callable[..., Refund]] = {"fail": refunds.fail, "reverse": refunds.reverse}


def request_or_404(request: HttpRequest, pk: int) -> AfterSales:
    """The request, if the person may see it."""
    rows: Any = AfterSales.objects.visible_to(person_of(request)).for_list()
    rows = rows.select_related(
        "inspection__inspector", "compensation", "approval", "advice__author", "advice__script_version__item"
    ).prefetch_related("steps__actor", "refunds__paid_by", "inspection__message__attachments")
    found: AfterSales | None = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这张售后单，或您无权查看。"))
    return found


def may(user: User, action: str) -> bool:
    return bool(user.has_perm(RIGHTS.get(AfterSalesAction(action), CHANGE)))


def step_forms(row: AfterSales, user: User) -> dict[str, StepForm]:
    """The forms of what the person may do now."""
    allowed = [action for action in flow.allowed(row) if may(user, action)]
    if row.kind in REFUNDED and _A.COMPLETE in allowed:
        # Carried out by paying the refund.
        allowed.remove(_A.COMPLETE)
    return {action: FORMS[action](request=row, auto_id=f"{action}_%s") for action in allowed}


def _talk(row: AfterSales, user: User) -> str:
    """The number of the conversation in which we advised the customer; "" where the person may not see it."""
    if row.advice is None:
        return ""
    if row.advice.ticket_id == row.ticket_id:
        return str(row.ticket.number)
    seen: Any = Ticket.objects.visible_to(user).filter(pk=row.advice.ticket_id)
    return seen.values_list("number", flat=True).first() or ""


def _shown(request: HttpRequest, row: AfterSales, *, bound: dict[str, StepForm] | None = None) -> HttpResponse:
    user = person_of(request)
    forms = {**step_forms(row, user), **(bound or {})}
    steps = [(action, _(str(AfterSalesAction(action).label)), form) for action, form in forms.items()]
    inspection = getattr(row, "inspection", None)
    context = {
        "row": row,
        "tone": STATE_TONES[row.state],
        "judged": eligibility.shown(row.eligibility),
        "main_steps": [step for step in steps if step[0] not in SIDE_STEPS],
        "side_steps": [step for step in steps if step[0] in SIDE_STEPS],
        "open_step": next(iter(bound or {}), ""),
        "inspection": inspection,
        "photos": list(inspection.message.attachments.all()) if inspection else [],
        "found_wrong": [_(item) for item in inspection.checklist] if inspection else [],
        "refunds": list(row.refunds.all()),
        "talk": _talk(row, user),
        "details": _details(row),
        "effects": [
            (_(item.label), item.amount)
            for item in effects(
                row.kind,
                amount=row.amount,
                goods_value=row.goods_value,
                inspection=inspection.result if inspection else "",
            )
        ],
        "steps": [(step, AfterSalesKind(step.kind).label) for step in row.steps.all()],
        "note": mask_text(row.note) if user.is_auditor else row.note,
        "may_pay": user.has_perm("tickets.pay_refund"),
    }
    return render(request, "workbench/aftersales/detail.html", context, status=422 if bound else 200)


def _details(row: AfterSales) -> list[tuple[str, str]]:
    labels = {field.name: field.label for field in FIELDS[row.kind]}
    return [(_(labels[name]), str(value)) for name, value in row.details.items() if name in labels]


@login_required
@permission_required("tickets.view_aftersales", raise_exception=True)
@require_GET
def aftersales_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The request with the next step open."""
    return _shown(request, request_or_404(request, pk))


@login_required
@permission_required("tickets.view_aftersales", raise_exception=True)
@require_POST
def aftersales_act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """One step. A fault stands beside its field and keeps what was typed."""
    row, user = request_or_404(request, pk), person_of(request)
    if action not in FORMS:
        raise Http404
    if not may(user, action):
        raise PermissionDenied
    form = FORMS[action](request.POST, request.FILES, request=row, auto_id=f"{action}_%s")
    if form.is_valid():
        try:
            _do(action, row, user, form)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("已%(action)s。") % {"action": AfterSalesAction(action).label})
            return redirect("aftersales_page", pk=pk)
    return _shown(request, row, bound={action: form})


def _do(action: str, row: AfterSales, user: User, form: StepForm) -> None:
    values = dict(form.cleaned_data)
    match action:
        case _A.INSPECT:
            files = values.pop("photos")
            kept = [attachments.store_attachment(upload=one, actor=user) for one in files[: accepting.MOST_PHOTOS]]
            accepting.inspect(request=row, actor=user, photos=kept, **values)
        case _A.DECIDE:
            price = values.pop("price", None)
            inputs = {} if price is None else {"P": f"{price:.2f}"}
            deciding.decide(request=row, actor=user, inputs=inputs, **values)
        case _A.COMPLETE:
            deciding.complete(request=row, actor=user, values=values)
        case _A.SWITCH:
            assert isinstance(form, SwitchForm)
            deciding.switch(
                request=row, actor=user, kind=values["kind"], reason=values["reason"], details=form.details()
            )
        case _:
            _VERBS[action](request=row, actor=user, **values)


_VERBS: dict[str, Callable[..., AfterSales]] = {
    _A.ACCEPT: accepting.accept,
    _A.REFUSE: deciding.refuse,
    _A.RECEIVE: accepting.receive,
    _A.FEEDBACK: deciding.feedback,
    _A.EVALUATE: deciding.evaluate,
    _A.CANCEL: deciding.cancel,
}


@login_required
@permission_required("tickets.pay_refund", raise_exception=True)
@require_POST
def refund_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Pay a refund, or note that it failed or came back."""
    user = person_of(request)
    refund = Refund.objects.visible_to(user).select_related("ticket").filter(pk=pk).first()
    if refund is None or verb not in ("pay", *REFUND_VERBS):
        raise Http404
    text = request.POST.get("text", "").strip()
    try:
        if verb == "pay":
            refunds.pay(refund=refund, actor=user, reference=text[:100])
        else:
            REFUND_VERBS[verb](refund=refund, actor=user, reason=text[:200])
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("已登记。"))
    if refund.aftersales_id is not None:
        return redirect("aftersales_page", pk=refund.aftersales_id)
    return redirect("ticket_page", number=refund.ticket.number) if refund.ticket else redirect("aftersales_list")
