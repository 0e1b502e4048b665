"""/improvements/: what should get better, and whether it did."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.forms import ImprovementForm
from crm.insights.improvements.services import change_improvement, create_improvement, move_improvement
from crm.insights.metrics import METRICS
from crm.insights.models import Improvement
from crm.insights.register_pages import listing_of, record_or_404, show_record, write_record
from crm.staff.person import person_of

LOOK = "insights.view_improvement"
FORM = "insights/improvements/form.html"


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

    def save(values: dict[str, Any], seen_at: Any) -> Improvement:
        return create_improvement(actor=person, values=values)

    return write_record(request, form, save, template=FORM, address="improvement")


@login_required
@permission_required("insights.change_improvement", raise_exception=True)
@require_http_methods(["GET", "POST"])
def improvement_edit(request: HttpRequest, pk: int) -> HttpResponse:
    item: Improvement = record_or_404(request, Improvement, pk)
    person = person_of(request)
    initial = {name: getattr(item, name) for name in ImprovementForm.base_fields}
    form = ImprovementForm(request.POST or None, viewer=person, initial=initial)

    def save(values: dict[str, Any], seen_at: Any) -> Improvement:
        return change_improvement(item=item, actor=person, changes=values, seen_at=seen_at)

    return write_record(request, form, save, template=FORM, address="improvement", item=item)


@login_required
@permission_required(LOOK, raise_exception=True)
@require_http_methods(["GET", "POST"])
def improvement_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item with its figures before and after; a POST moves it on, bears it out or links it."""
    item: Improvement = record_or_404(request, Improvement, pk, "queue", "channel")
    move = partial(move_improvement, item=item)
    effect = effect_of(item, person_of(request))
    template = "insights/improvements/page.html"
    return show_record(request, item, move, template=template, address="improvement", effect=effect)
