"""The panel of consents: note what a customer said, withdraw with one click."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from core.errors import DomainError
from customers import panels, services
from customers.choices import ConsentPurpose
from customers.forms import ConsentForm
from customers.models import Customer


def _customer(request: HttpRequest, pk: int) -> Customer:
    customer: Customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if not request.user.has_perm("customers.add_consentrecord"):
        raise PermissionDenied
    return customer


def _panel(request: HttpRequest, customer: Customer, form: ConsentForm | None = None) -> HttpResponse:
    customer.refresh_from_db()
    context = {**panels.consents(customer, request.user, form), "customer": customer}
    return render(request, "customers/panels/consents.html", context)


@login_required
@require_POST
def record_consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Note one statement. Fragment."""
    customer = _customer(request, pk)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _panel(request, customer, form)
    try:
        services.record_consent(customer=customer, actor=request.user, **form.cleaned_data)
    except DomainError as error:
        form.add_domain_error(error)
        return _panel(request, customer, form)
    return _panel(request, customer)


@login_required
@require_POST
def withdraw_consent(request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
    """Take a consent back. Fragment."""
    customer = _customer(request, pk)
    if purpose not in ConsentPurpose.values:
        raise Http404
    services.withdraw_consent(customer=customer, actor=request.user, purpose=purpose)
    return _panel(request, customer)
