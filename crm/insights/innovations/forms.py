"""The form of an innovation. What is true of it is decided by the service."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.insights.choices import InnovationKind
from crm.insights.improvements.forms import PersonField, day_field
from crm.staff.models import User
from customers.forms import DressedForm

_LONG = {"rows": 3}


def _figure(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, max_digits=14, decimal_places=4, **kwargs)


def _money(label: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=12, decimal_places=2)


class InnovationForm(DressedForm):
    """Idea, pilot, metric, result and cost; where it stands is moved on its page."""

    title = forms.CharField(label=_("标题"), max_length=200)
    kind = forms.ChoiceField(label=_("类型"), choices=InnovationKind.choices)
    details = forms.CharField(label=_("想法"), required=False, max_length=4000, widget=forms.Textarea(attrs=_LONG))
    pilot = forms.CharField(
        label=_("试点方案"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs=_LONG),
        help_text=_("在哪里、对谁试、怎么比。"),
    )
    pilot_first = day_field(_("试点：从"))
    pilot_last = day_field(_("试点：到"))
    metric = forms.CharField(
        label=_("衡量指标"), required=False, max_length=100, help_text=_("写明单位，例如“自助解决率（%）”。")
    )
    baseline = _figure(_("试点前"))
    target = _figure(_("目标"))
    result = _figure(_("结果"))
    result_n = forms.IntegerField(label=_("样本数"), required=False, min_value=0, max_value=2**31 - 1)
    result_note = forms.CharField(
        label=_("结果说明"), required=False, max_length=2000, widget=forms.Textarea(attrs=_LONG)
    )
    budget = _money(_("预算（元）"))
    cost = _money(_("实际花费（元）"))
    owner = PersonField(label=_("责任人"), queryset=User.objects.none(), required=False, empty_label=_("未指定"))
    review_on = day_field(_("复核日期"))

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        # Before the form dresses itself, which validates and asks for it.
        self.viewer = viewer
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.visible_to(self.viewer).active().exclude(role="auditor").order_by("username")
