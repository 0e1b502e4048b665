"""Legal work on one ticket: deadlines, cases, evidence, facts about claims (C36), and its investigation (C18)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from core.errors import DomainError, InvalidInput
from core.language import mask_text
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import require, ticket_or_404
from crm.workbench.legal import forms
from customers.forms import DressedForm
from tickets.api.legal.cases import pack_response
from tickets.api.legal.inquiries import NOT_A_JUDGEMENT
from tickets.api.views import attachment_response
from tickets.legal_choices import EntryKind
from tickets.models import Evidence, Investigation, LegalCase, LegalClock, LegalReview, Ticket
from tickets.services import attachments
from tickets.services.legal import claim_facts, evidence, investigations, packs, reviews, rules, start_clock

SHOWN = 100


# The ticket's page


@login_required
@permission_required("tickets.view_legalclock", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def ticket_legal(request: HttpRequest, number: str) -> HttpResponse:
    """Everything legal about a ticket. A POST freezes, uploads, begins a deadline, asks or answers legal staff."""
    ticket, faulty, status = ticket_or_404(request, number), {}, 200
    if request.method == "POST":
        step = request.POST.get("step", "")
        if step not in _STEPS:
            raise Http404
        form, run, told = _STEPS[step](request, ticket)
        if form is None or form.is_valid():
            try:
                run(form)
            except DomainError as error:
                if form is None or error.status == 403:
                    messages.error(request, error.message)
                    return redirect("ticket_legal", number=number)
                form.add_domain_error(error)
                status = error.status if error.status == 409 else 422
            else:
                messages.success(request, told)
                return redirect("ticket_legal", number=number)
        assert form is not None
        faulty, status = {f"{step}_form": form}, status if status == 409 else 422
    return render(request, "workbench/legal/ticket.html", _context(request, ticket) | faulty, status=status)


_Step = tuple[DressedForm | None, Any, str]


def _freeze(request: HttpRequest, ticket: Ticket) -> _Step:
    kind = request.POST.get("kind", "")
    require(request, "tickets.add_evidence", _("您没有固定证据的权限。"))
    return (
        None,
        lambda _form: evidence.freeze(ticket=ticket, actor=person_of(request), kind=kind),
        _("已固定，指纹见下。"),
    )


def _upload(request: HttpRequest, ticket: Ticket) -> _Step:
    require(request, "tickets.add_evidence", _("您没有固定证据的权限。"))
    user = person_of(request)

    def run(form: DressedForm) -> None:
        keep_upload(form, user, ticket=ticket)

    return forms.EvidenceForm(request.POST, request.FILES), run, _("证据已固定。")


def keep_upload(form: DressedForm, user: User, **about: Any) -> Evidence:
    """Store the form's file and freeze it."""
    data = dict(form.cleaned_data)
    stored = attachments.store_attachment(upload=data.pop("file"), actor=user)
    return evidence.freeze_file(attachment=stored, actor=user, **data, **about)


def _start(request: HttpRequest, ticket: Ticket) -> _Step:
    require(request, "tickets.add_legalclock", _("您没有处理法定时限的权限。"))

    def run(form: DressedForm) -> None:
        start_clock(key=f"ticket:{ticket.pk}", ticket=ticket, actor=person_of(request), **form.cleaned_data)

    return forms.StartForm(request.POST), run, _("时限开始计算。")


def _review(request: HttpRequest, ticket: Ticket) -> _Step:
    require(request, "tickets.add_legalreview", _("您没有提请法务复核的权限。"))

    def run(form: DressedForm) -> None:
        reviews.ask_review(ticket=ticket, actor=person_of(request), **form.cleaned_data)

    return forms.ReviewForm(request.POST), run, _("已提请法务复核。")


def _answer(request: HttpRequest, ticket: Ticket) -> _Step:
    require(request, "tickets.answer_legalreview", _("您没有给出法务意见的权限。"))

    def run(form: DressedForm) -> None:
        waiting = LegalReview.objects.filter(ticket=ticket, answered_at=None).first()
        if waiting is None:
            sentence = _("没有等待复核的事项。")
            raise InvalidInput(sentence, fields={"opinion": [sentence]})
        reviews.answer_review(review=waiting, actor=person_of(request), **form.cleaned_data)

    return forms.OpinionForm(request.POST), run, _("意见已写明。")


_STEPS: dict[str, Any] = {
    "freeze": _freeze, "upload": _upload, "start": _start, "review": _review, "answer": _answer,
}  # fmt: skip


def _context(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    user = person_of(request)
    rules.load_presets()
    kept = list(
        Evidence.objects.filter(ticket=ticket).select_related("frozen_by", "attachment").order_by("-id")[:SHOWN]
    )
    for row in kept:
        row.intact = evidence.is_intact(row)
    asked = list(LegalReview.objects.filter(ticket=ticket).select_related("asked_by", "answered_by")[:10])
    for row in asked:
        row.shown_question = mask_text(row.question or "") if user.is_auditor else row.question
        row.shown_opinion = mask_text(row.opinion or "") if user.is_auditor else row.opinion
    now = timezone.localtime(clock.now()).replace(second=0, microsecond=0)
    return {
        "ticket": ticket,
        "clocks": LegalClock.objects.filter(ticket=ticket, dropped_at=None).select_related("rule").order_by("due_at"),
        "cases": LegalCase.objects.filter(ticket=ticket).order_by("-id")[:20],
        "evidence": kept,
        "inquiry": Investigation.objects.filter(ticket=ticket).order_by("-id").first(),
        "facts": claim_facts.facts_of(ticket),
        "notice": NOT_A_JUDGEMENT,
        "reviews": asked,
        "is_waiting": any(row.answered_at is None for row in asked),
        "can_freeze": user.has_perm("tickets.add_evidence"),
        "can_export": user.has_perm("tickets.add_evidencepack"),
        "can_start": user.has_perm("tickets.add_legalclock"),
        "can_ask": user.has_perm("tickets.add_legalreview"),
        "can_answer": user.has_perm("tickets.answer_legalreview"),
        "upload_form": forms.EvidenceForm(),
        "start_form": forms.StartForm(initial={"started_at": now}),
        "review_form": forms.ReviewForm(),
        "answer_form": forms.OpinionForm(),
        "pack_form": forms.PackForm(),
    }


@login_required
@require_POST
def ticket_pack(request: HttpRequest, number: str) -> Any:
    """The evidence pack of a ticket as a download."""
    require(request, "tickets.add_evidencepack", _("您没有导出证据包的权限。"))
    ticket = ticket_or_404(request, number)
    form = forms.PackForm(request.POST)
    if form.is_valid():
        try:
            return pack_response(packs.make_pack(actor=person_of(request), ticket=ticket, **form.cleaned_data))
        except DomainError as error:
            form.add_domain_error(error)
    context = _context(request, ticket) | {"pack_form": form}
    return render(request, "workbench/legal/ticket.html", context, status=422)


@login_required
@permission_required("tickets.view_evidence", raise_exception=True)
@require_GET
def evidence_file(request: HttpRequest, pk: int) -> FileResponse:
    """The file of a piece of evidence as a download."""
    found = Evidence.objects.visible_to(person_of(request)).select_related("attachment").filter(pk=pk).first()
    if found is None or found.attachment is None:
        raise Http404
    return attachment_response(found.attachment)


# Its investigation


@login_required
@permission_required("tickets.view_investigation", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def ticket_inquiry(request: HttpRequest, number: str) -> HttpResponse:
    """The newest investigation of the ticket, or the form to begin one."""
    ticket = ticket_or_404(request, number)
    rows = Investigation.objects.filter(ticket=ticket).select_related("ticket", "owner", "concluded_by")
    row: Investigation | None = rows.order_by("-id").first()
    faulty: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        require(request, "tickets.change_investigation", _("您没有调查的权限。"))
        step = request.POST.get("step", "")
        form, run = _inquiry_step(request, ticket, row, step)
        if form.is_valid():
            try:
                run(form)
            except DomainError as error:
                form.add_domain_error(error)
                status = error.status if error.status == 409 else 422
            else:
                return redirect("ticket_inquiry", number=number)
        faulty, status = {f"{step}_form": form}, status if status == 409 else 422
    return render(
        request, "workbench/legal/inquiry.html", _inquiry_context(request, ticket, row) | faulty, status=status
    )


def _inquiry_step(
    request: HttpRequest, ticket: Ticket, row: Investigation | None, step: str
) -> tuple[DressedForm, Any]:
    user = person_of(request)
    if step == "open":

        def begin(form: DressedForm) -> None:
            asked = form.cleaned_data["questions"].splitlines()
            investigations.open_investigation(ticket=ticket, actor=user, questions=asked)

        return forms.InquiryForm(request.POST), begin
    if row is None:
        raise Http404
    verbs: dict[str, tuple[DressedForm, Any]] = {
        "ask": (forms.QuestionForm(request.POST), investigations.ask),
        "state": (forms.StatementForm(request.POST, questions=_questions(row)), investigations.state),
        "call": (forms.CallForm(request.POST), investigations.call),
        "conclude": (forms.ConcludeForm(request.POST), investigations.conclude),
    }
    if step == "upload":
        return forms.EvidenceForm(request.POST, request.FILES), lambda form: keep_upload(form, user, investigation=row)
    if step not in verbs:
        raise Http404
    chosen, verb = verbs[step]
    return chosen, lambda form: verb(investigation=row, actor=user, **form.cleaned_data)


def _questions(row: Investigation) -> Any:
    return row.entries.filter(kind=EntryKind.QUESTION)


def _inquiry_context(request: HttpRequest, ticket: Ticket, row: Investigation | None) -> dict[str, Any]:
    user = person_of(request)
    may = user.has_perm("tickets.change_investigation")
    context: dict[str, Any] = {"ticket": ticket, "row": row, "can_open": may, "open_form": forms.InquiryForm()}
    if row is None:
        return context
    entries = list(row.entries.select_related("actor"))
    for entry in entries:
        entry.shown = mask_text(entry.text or "") if user.is_auditor else entry.text
    kept = list(Evidence.objects.filter(investigation=row).select_related("frozen_by", "attachment"))
    for item in kept:
        item.intact = evidence.is_intact(item)
    answered: dict[int | None, list[Any]] = {}
    for entry in entries:
        if entry.kind == EntryKind.STATEMENT:
            answered.setdefault(entry.answers_id, []).append(entry)
    return context | {
        "questions": [(one, answered.get(one.pk, [])) for one in entries if one.kind == EntryKind.QUESTION],
        "loose": answered.get(None, []),
        "evidence": kept,
        "calls": ticket.contact_attempts.filter(attempted_at__gte=row.opened_at).select_related("actor"),
        "conclusion": mask_text(row.conclusion or "") if user.is_auditor else row.conclusion,
        "is_intact": investigations.is_intact(row),
        "can_write": may and row.is_open,
        "can_open": may and not row.is_open,
        "ask_form": forms.QuestionForm(),
        "state_form": forms.StatementForm(questions=_questions(row)),
        "call_form": forms.CallForm(),
        "upload_form": forms.EvidenceForm(),
        "conclude_form": forms.ConcludeForm(),
    }
