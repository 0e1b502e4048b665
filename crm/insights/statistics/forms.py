"""The form for a month's budget."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms import DressedForm
from customers.models import Shop


class MonthField(forms.Field):
    """A month as browsers send it, "2026-11"; its value is the first day."""

    widget = forms.DateInput(attrs={"type": "month"})

    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        try:
            return date.fromisoformat(f"{value}-01")
        except ValueError:
            raise forms.ValidationError(_("请填写月份，如 2026-11。")) from None


class BudgetForm(DressedForm):
    """Which month, which shop or all of them, how much."""

    month = MonthField(label=_("月份"))
    shop = forms.ModelChoiceField(
        label=_("店铺"), queryset=Shop.objects.order_by("name"), required=False, empty_label=_("全部店铺")
    )
    amount = forms.DecimalField(label=_("预算（元）"), min_value=1, max_digits=12, decimal_places=2)
