"""/quality/: conversations to check, and what the checks said."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.keyset import BadCursor, read_page
from core.language import mask_text
from core.questionnaires.questions import parse_questions
from crm.performance import services
from crm.performance.choices import SampleState
from crm.performance.models import CHECK_RIGHT, QualitySample
from crm.staff.person import person_of

LOOK = "performance.view_qualitysample"
PAGE_SIZE = 30


@login_required
@permission_required(LOOK, raise_exception=True)
@require_GET
def quality_list(request: HttpRequest) -> HttpResponse:
    """What is to be checked, the newest first; for everybody else their own results."""
    person = person_of(request)
    sees_work = person.has_perm(CHECK_RIGHT) or person.sees_everything
    first = SampleState.TO_CHECK if sees_work else SampleState.CHECKED
    state = request.GET.get("state", first)
    state = state if state in SampleState.values and sees_work else str(first)
    rows = QualitySample.objects.visible_to(person).for_list().filter(state=state)
    try:
        page = read_page(rows, ordering=("-id",), cursor=request.GET.get("cursor") or None, size=PAGE_SIZE)
    except BadCursor:
        page = read_page(rows, ordering=("-id",), cursor=None, size=PAGE_SIZE)
    context = {
        "page": page,
        "state": state,
        "tabs": SampleState.choices if sees_work else [],
        "sees_work": sees_work,
        "rates": services.rates() if person.has_perm("performance.view_samplingrule") else [],
        "rate_days": services.RATE_DAYS,
    }
    return render(request, "performance/list.html", context)


@login_required
@permission_required(LOOK, raise_exception=True)
@require_http_methods(["GET", "POST"])
def quality_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One conversation with its scorecard: to fill in, or filled in."""
    person = person_of(request)
    rows = QualitySample.objects.visible_to(person).for_list().select_related("version", "invitation__response")
    sample: QualitySample | None = rows.filter(pk=pk).first()
    if sample is None:
        raise Http404(_("没有这条质检。"))
    fault: DomainError | None = None
    if request.method == "POST":
        typed = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        try:
            services.check(sample=sample, actor=person, answers=typed)
        except DomainError as error:
            if error.status == 403:
                raise
            fault = error
        else:
            messages.success(request, _("质检已提交。"))
            return redirect("quality_page", pk=pk)
    context = {
        "sample": sample,
        "lines": _lines(request, sample, fault),
        "fault": fault,
        "may_check": sample.state == SampleState.TO_CHECK
        and person.has_perm(CHECK_RIGHT)
        and sample.person_id != person.pk,
    }
    return render(request, "performance/sample.html", context, status=fault.status if fault else 200)


def _lines(request: HttpRequest, sample: QualitySample, fault: DomainError | None) -> list[dict[str, Any]]:
    """Every question with what was typed or answered, and what is wrong with it."""
    response = getattr(sample.invitation, "response", None) if sample.invitation_id else None
    given: dict[str, Any] = {**response.answers, **response.written} if response else request.POST.dict()
    hides = person_of(request).is_auditor
    return [
        {
            "question": question,
            "value": mask_text(str(given.get(question.key, ""))) if hides else str(given.get(question.key, "")),
            "faults": fault.fields.get(question.key, []) if fault else [],
        }
        for question in parse_questions(sample.version.questions)
    ]
