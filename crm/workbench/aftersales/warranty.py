"""Warranties (质保): look a serial number up, write a plan down."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from crm.staff.person import person_of
from customers.forms import DressedForm
from tickets.aftersales_choices import WarrantyKind
from tickets.services.aftersales import warranties


class WarrantyForm(DressedForm):
    serial = forms.CharField(label=lazy("序列号"), max_length=warranties.LENGTH)
    kind = forms.ChoiceField(label=lazy("种类"), choices=WarrantyKind.choices)
    starts_on = forms.DateField(
        label=lazy("开始日期"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=lazy("签收之日；需安装的商品从安装之日。"),
    )
    months = forms.IntegerField(label=lazy("月数"), min_value=1, max_value=warranties.LONGEST_MONTHS)
    certificate = forms.CharField(label=lazy("凭证编号"), max_length=warranties.LENGTH, required=False)
    sku = forms.CharField(label=lazy("商品编码"), max_length=warranties.LENGTH, required=False)


@login_required
@permission_required("tickets.view_warranty", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def warranty_page(request: HttpRequest) -> HttpResponse:
    """What a serial number is covered for; a POST registers a plan."""
    user = person_of(request)
    serial = request.GET.get("serial", "").strip()[: warranties.LENGTH]
    form = WarrantyForm(request.POST or None, initial={"serial": serial, "months": 12})
    if request.method == "POST":
        if not user.has_perm("tickets.add_warranty"):
            raise PermissionDenied
        if form.is_valid():
            try:
                made = warranties.register(actor=user, **form.cleaned_data)
            except DomainError as error:
                form.add_domain_error(error)
            else:
                messages.success(request, _("已登记质保。"))
                return redirect(f"{reverse('warranty_page')}?{urlencode({'serial': made.serial})}")
    found = warranties.check(serial=serial) if serial and "\x00" not in serial else None
    context: dict[str, Any] = {
        "serial": serial,
        "found": found,
        "plans": [(row, found.coverage.ends[row.pk]) for row in found.plans] if found else [],
        "form": form,
        "may_add": user.has_perm("tickets.add_warranty"),
    }
    return render(request, "workbench/aftersales/warranty.html", context, status=422 if form.errors else 200)
