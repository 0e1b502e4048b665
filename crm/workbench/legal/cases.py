"""Disputes (C35): registering one, its deadlines and progress, its evidence pack, its end."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import DomainError
from core.language import mask_text
from crm.staff.person import person_of
from crm.workbench.access import require
from crm.workbench.legal.forms import CaseForm, CloseForm, PackForm, ProgressForm
from customers.forms import DressedForm
from tickets.api.legal.cases import pack_response
from tickets.models import Evidence, LegalCase, Ticket
from tickets.services.legal import cases, evidence, packs


@login_required
@permission_required("tickets.add_legalcase", raise_exception=True)
@require_http_methods(["GET", "POST"])
def case_new(request: HttpRequest) -> HttpResponse:
    """Register a dispute; its deadlines begin at once."""
    user = person_of(request)
    now = timezone.localtime(clock.now()).replace(second=0, microsecond=0)
    form = CaseForm(request.POST or None, initial={"ticket": request.GET.get("ticket", "")[:20], "received_at": now})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        number = data.pop("ticket").strip()
        rows = Ticket.objects.visible_to(user).filter(number=number).select_related("shop", "assignee")
        ticket = rows.first() if number else None
        if number and ticket is None:
            form.add_error("ticket", _("没有这张工单。"))
        else:
            try:
                made = cases.open_case(actor=user, ticket=ticket, **data)
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("已登记，时限开始计算。"))
                return redirect("legal_case", pk=made.pk)
    return render(request, "workbench/legal/case_new.html", {"form": form}, status=422 if form.errors else 200)


def case_or_404(request: HttpRequest, pk: int) -> LegalCase:
    rows = LegalCase.objects.visible_to(person_of(request)).for_list().filter(pk=pk)
    found: LegalCase | None = rows.prefetch_related("moments__actor").first()
    if found is None:
        raise Http404(_("没有这件案件，或您无权查看。"))
    return found


@login_required
@permission_required("tickets.view_legalcase", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One dispute. A POST records progress or closes it."""
    case, faulty, status = case_or_404(request, pk), {}, 200
    if request.method == "POST":
        step = request.POST.get("step", "")
        form, run, told = _step(request, case, step)
        if form.is_valid():
            try:
                run(case=case, actor=person_of(request), **form.cleaned_data)
            except DomainError as error:
                form.add_domain_error(error)
                status = error.status
            else:
                messages.success(request, told)
                return redirect("legal_case", pk=pk)
        faulty, status = {f"{step}_form": form}, status if status in (403, 409) else 422
        case = case_or_404(request, pk)
    return render(request, "workbench/legal/case.html", _context(request, case) | faulty, status=status)


def _step(request: HttpRequest, case: LegalCase, step: str) -> tuple[DressedForm, Any, str]:
    sentence = _("您没有处理监管与平台争议的权限。")
    match step:
        case "progress":
            require(request, "tickets.change_legalcase", sentence)
            form: DressedForm = ProgressForm(request.POST, authority=case.authority)
            return form, cases.record_moment, _("进展已登记。")
        case "close":
            require(request, "tickets.close_legalcase", sentence)
            return CloseForm(request.POST), cases.close_case, _("已结案。")
    raise Http404


def _context(request: HttpRequest, case: LegalCase) -> dict[str, Any]:
    user = person_of(request)
    found = list(case.clocks.select_related("rule", "owner").order_by("due_at", "id"))
    kept = Evidence.objects.filter(case=case) | Evidence.objects.filter(ticket=case.ticket_id, ticket__isnull=False)
    rows = list(kept.select_related("frozen_by", "attachment").order_by("-id")[:100])
    for row in rows:
        row.intact = evidence.is_intact(row)
    return {
        "case": case,
        "summary": mask_text(case.summary or "") if user.is_auditor else case.summary,
        "outcome_note": mask_text(case.outcome_note or "") if user.is_auditor else case.outcome_note,
        "clocks": [row for row in found if row.dropped_at is None],
        "dropped": [row for row in found if row.dropped_at is not None],
        "upcoming": cases.upcoming(case) if case.is_open else [],
        "is_platform_unknown": cases.unknown_platform(case),
        "evidence": rows,
        "packs": case.packs.select_related("made_by")[:20],
        "sees_ticket": case.ticket_id and Ticket.objects.visible_to(user).filter(pk=case.ticket_id).exists(),
        "can_change": case.is_open and user.has_perm("tickets.change_legalcase"),
        "can_close": case.is_open and user.has_perm("tickets.close_legalcase"),
        "can_export": user.has_perm("tickets.add_evidencepack"),
        "progress_form": ProgressForm(authority=case.authority),
        "close_form": CloseForm(),
        "pack_form": PackForm(),
    }


@login_required
@require_POST
def case_pack(request: HttpRequest, pk: int) -> Any:
    """The evidence pack of a case as a download."""
    require(request, "tickets.add_evidencepack", _("您没有导出证据包的权限。"))
    case = case_or_404(request, pk)
    form = PackForm(request.POST)
    if form.is_valid():
        try:
            return pack_response(packs.make_pack(actor=person_of(request), case=case, **form.cleaned_data))
        except DomainError as error:
            form.add_domain_error(error)
    context = _context(request, case) | {"pack_form": form}
    return render(request, "workbench/legal/case.html", context, status=422)
