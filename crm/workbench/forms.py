"""Forms of the desk."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.choices import Cause, Priority, TicketType
from tickets.forms import CleanTextField
from tickets.models import Ticket

_SELECT = {"class": "form-select"}
_INPUT = {"class": "form-control", "autocomplete": "off"}


class TicketEditForm(forms.Form):
    """What a person corrects about a ticket."""

    type = forms.ChoiceField(label=_("类型"), choices=TicketType.choices, widget=forms.Select(attrs=_SELECT))
    category = CleanTextField(label=_("分类"), max_length=100, required=False, widget=forms.TextInput(attrs=_INPUT))
    causes = forms.MultipleChoiceField(
        label=_("原因（可多选）"),
        choices=Cause.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    priority = forms.ChoiceField(label=_("优先级"), choices=Priority.choices, widget=forms.Select(attrs=_SELECT))
    subject = CleanTextField(label=_("标题"), max_length=200, required=False, widget=forms.TextInput(attrs=_INPUT))
    product = CleanTextField(label=_("商品编码"), max_length=100, required=False, widget=forms.TextInput(attrs=_INPUT))
    order_no = CleanTextField(label=_("订单号"), max_length=100, required=False, widget=forms.TextInput(attrs=_INPUT))

    @staticmethod
    def of(ticket: Ticket) -> dict[str, Any]:
        return {name: getattr(ticket, name) for name in TicketEditForm.base_fields}

    def changes(self) -> dict[str, Any]:
        return dict(self.cleaned_data)
