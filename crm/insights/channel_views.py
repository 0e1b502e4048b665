"""The comparison of channels as a page and a file."""

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.exports import export_response
from crm.insights.channels import COMPARED, EXPORT_COLUMNS, FLAGGED, SIGNIFICANCE, compare, set_tolerance
from crm.insights.questions import Question, queues_of, today
from crm.staff.person import person_of

REPORTS = "insights.view_report"


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def channel_report(request: HttpRequest) -> HttpResponse:
    """Identical metrics over the channels, with what is flagged named first."""
    person = person_of(request)
    question = Question.of(request.GET, person)
    comparisons = compare(person, question)
    context = {
        "question": question,
        "comparisons": comparisons,
        "flagged": [row for found in comparisons for row in found.rows if row.verdict is FLAGGED],
        "today": today(),
        "queues": queues_of(person),
        "significance": round(SIGNIFICANCE * 100),
        "may_set": person.has_perm("insights.change_channeltolerance"),
    }
    return render(request, "insights/channels.html", context)


@login_required
@permission_required(REPORTS, raise_exception=True)
@require_GET
def channel_export(request: HttpRequest) -> HttpResponseBase:
    """The same rows as a file."""
    person = person_of(request)
    found = compare(person, Question.of(request.GET, person))
    try:
        return export_response(
            request,
            rows=[row for comparison in found for row in comparison.rows],
            columns=EXPORT_COLUMNS,
            permission=REPORTS,
            kind="report-channels",
            file_format=request.GET.get("format", "csv"),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("channel_report")


@login_required
@permission_required("insights.change_channeltolerance", raise_exception=True)
@require_POST
def channel_tolerance(request: HttpRequest) -> HttpResponse:
    """Set the tolerance of one metric."""
    try:
        points = Decimal(request.POST.get("points", "")[:10])
    except InvalidOperation:
        points = Decimal(-1)
    try:
        set_tolerance(
            metric=request.POST.get("metric", COMPARED[0]),
            points=points if points.is_finite() else Decimal(-1),
            actor=person_of(request),
        )
        messages.success(request, _("容差已保存。"))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(f"{reverse('channel_report')}?{request.GET.urlencode()}")
