"""/improvements/: what should get better, and whether it did."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.forms import ImprovementForm
from crm.insights.improvements.services import change_improvement, create_improvement, move_improvement
from crm.insights.metrics import METRICS
from crm.insights.models import Improvement
from crm.insights.register_pages import do_step, listing_of, record_context, record_or_404
from crm.staff.person import person_of

LOOK = "insights.view_improvement"


@login_required
@permission_required(LOOK, raise_exception=True)
@require_GET
def improvement_list(request: HttpRequest) -> HttpResponse:
    """By state; those whose review is due first among them."""
    listing = listing_of(request, Improvement.objects.visible_to(person_of(request)))
    for item in listing.page.rows:
        item.metric_label = METRICS[item.metric].label if item.metric in METRICS else item.metric
    return render(request, "insights/improvements/list.html", {"listing": listing, "page": listing.page})


@login_required
@permission_required("insights.add_improvement", raise_exception=True)
@require_http_methods(["GET", "POST"])
def improvement_new(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    given = {name: request.GET[name] for name in ("title", "details", "metric") if name in request.GET}
    form = ImprovementForm(request.POST or None, viewer=person, initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            item = create_improvement(actor=person, values=form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("improvement", pk=item.pk)
    status = 422 if form.errors else 200
    return render(request, "insights/improvements/form.html", {"form": form, "item": None}, status=status)


@login_required
@permission_required("insights.change_improvement", raise_exception=True)
@require_http_methods(["GET", "POST"])
def improvement_edit(request: HttpRequest, pk: int) -> HttpResponse:
    item: Improvement = record_or_404(request, Improvement, pk)
    person = person_of(request)
    initial = {name: getattr(item, name) for name in ImprovementForm.base_fields}
    form = ImprovementForm(request.POST or None, viewer=person, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_improvement(item=item, actor=person, changes=form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("已保存。"))
            return redirect("improvement", pk=item.pk)
    status = 422 if form.errors else 200
    return render(request, "insights/improvements/form.html", {"form": form, "item": item}, status=status)


@login_required
@permission_required(LOOK, raise_exception=True)
@require_http_methods(["GET", "POST"])
def improvement_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item with its figures before and after; a POST moves it on, bears it out or links it."""
    item: Improvement = record_or_404(request, Improvement, pk, "queue", "channel")
    fault: DomainError | None = None
    if request.method == "POST":
        try:
            do_step(request, item, partial(move_improvement, item=item))
        except DomainError as error:
            if error.status == 403:
                raise
            fault = error
        else:
            return redirect("improvement", pk=item.pk)
    context: dict[str, Any] = record_context(request, item)
    context |= {"item": item, "effect": effect_of(item, person_of(request)), "fault": fault}
    return render(request, "insights/improvements/page.html", context, status=409 if fault else 200)
