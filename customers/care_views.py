"""Noting what a customer likes and what not to say; the answer is the panel as it stands now."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from core.errors import DomainError
from customers import panels, services
from customers.models import CareNote, Customer


def _customer(request: HttpRequest, pk: int) -> Customer:
    customer: Customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if not request.user.has_perm("customers.change_customer"):
        raise PermissionDenied
    return customer


def _panel(request: HttpRequest, customer: Customer, fault: DomainError | None = None) -> HttpResponse:
    context = {**panels.care(customer, request.user), "customer": customer, "care_fault": fault}
    if fault is not None:
        context |= {"care_typed": request.POST.get("text", ""), "care_kind": request.POST.get("kind", "")}
    return render(request, "customers/panels/care.html", context)


@login_required
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Note one thing. Fragment."""
    customer = _customer(request, pk)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "")
    try:
        services.add_care_note(customer=customer, actor=request.user, kind=kind, text=text)
    except DomainError as error:
        return _panel(request, customer, error)
    return _panel(request, customer)


@login_required
@require_POST
def end(request: HttpRequest, pk: int, note_id: int) -> HttpResponse:
    """It does not hold any more. Fragment."""
    customer = _customer(request, pk)
    note = get_object_or_404(CareNote, pk=note_id, customer=customer)
    try:
        services.end_care_note(note=note, actor=request.user)
    except DomainError as error:
        return _panel(request, customer, error)
    return _panel(request, customer)
