"""How often triage was right: what a lead looks at before trusting it."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.insights.triage import measure


@login_required
@permission_required("insights.view_report", raise_exception=True)
@require_GET
def triage_accuracy(request: HttpRequest) -> HttpResponse:
    """Suggestion against final category, by category."""
    return render(request, "workbench/triage.html", {"accuracy": measure()})
