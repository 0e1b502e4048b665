"""/innovations/: what is tried out, what came of it, and what was decided."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from crm.insights.innovations.forms import InnovationForm
from crm.insights.innovations.services import change_innovation, create_innovation, move_innovation
from crm.insights.models import Innovation
from crm.insights.register_pages import listing_of, record_or_404, show_record, write_record
from crm.staff.person import person_of

LOOK = "insights.view_innovation"
FORM = "insights/innovations/form.html"


@login_required
@permission_required(LOOK, raise_exception=True)
@require_GET
def innovation_list(request: HttpRequest) -> HttpResponse:
    listing = listing_of(request, Innovation.objects.visible_to(person_of(request)))
    return render(request, "insights/innovations/list.html", {"listing": listing, "page": listing.page})


@login_required
@permission_required("insights.add_innovation", raise_exception=True)
@require_http_methods(["GET", "POST"])
def innovation_new(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = InnovationForm(request.POST or None, viewer=person)

    def save(values: dict[str, Any], seen_at: Any) -> Innovation:
        return create_innovation(actor=person, values=values)

    return write_record(request, form, save, template=FORM, address="innovation")


@login_required
@permission_required("insights.change_innovation", raise_exception=True)
@require_http_methods(["GET", "POST"])
def innovation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    item: Innovation = record_or_404(request, Innovation, pk)
    person = person_of(request)
    initial = {name: getattr(item, name) for name in InnovationForm.base_fields}
    form = InnovationForm(request.POST or None, viewer=person, initial=initial)

    def save(values: dict[str, Any], seen_at: Any) -> Innovation:
        return change_innovation(item=item, actor=person, changes=values, seen_at=seen_at)

    return write_record(request, form, save, template=FORM, address="innovation", item=item)


@login_required
@permission_required(LOOK, raise_exception=True)
@require_http_methods(["GET", "POST"])
def innovation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One innovation; a POST moves it on, bears it out or links it."""
    item: Innovation = record_or_404(request, Innovation, pk, "decided_by")
    move = partial(move_innovation, item=item)
    return show_record(request, item, move, template="insights/innovations/page.html", address="innovation")
