"""The form of an improvement item. What is true of it is decided by the service."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.insights.choices import ImprovementSource
from crm.insights.metrics import METRICS
from crm.insights.questions import queues_of
from crm.staff.models import User
from customers.forms import DressedForm
from tickets.models import Channel, Queue

_DAY = {"type": "date"}


def day_field(label: Any, *, required: bool = False) -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"))


class PersonField(forms.ModelChoiceField):
    """A colleague, by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ImprovementForm(DressedForm):
    """Title, the metric it should move, where, and the days before and after."""

    title = forms.CharField(label=_("标题"), max_length=200)
    details = forms.CharField(
        label=_("做了什么"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    metric = forms.ChoiceField(label=_("要改善的指标"), choices=[(item.key, item.label) for item in METRICS.values()])
    queue = forms.ModelChoiceField(
        label=_("队列"), queryset=Queue.objects.none(), required=False, empty_label=_("全部")
    )
    channel = forms.ModelChoiceField(
        label=_("渠道"), queryset=Channel.objects.order_by("name"), required=False, empty_label=_("全部")
    )
    source = forms.ChoiceField(label=_("来源"), choices=ImprovementSource.choices)
    owner = PersonField(label=_("责任人"), queryset=User.objects.none(), required=False, empty_label=_("未指定"))
    review_on = day_field(_("复核日期"))
    baseline_first = day_field(_("之前：从"), required=True)
    baseline_last = day_field(_("之前：到"), required=True)
    after_first = day_field(_("之后：从"))
    after_last = day_field(_("之后：到"))
    no_effect_reason = forms.CharField(
        label=_("没有测得效果的说明"), required=False, max_length=500, help_text=_("样本不足而要结束时填写。")
    )

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        # Before the form dresses itself, which validates and asks for it.
        self.viewer = viewer
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        queue, owner = self.fields["queue"], self.fields["owner"]
        assert isinstance(queue, forms.ModelChoiceField)
        assert isinstance(owner, forms.ModelChoiceField)
        queue.queryset = queues_of(self.viewer)
        people = User.objects.visible_to(self.viewer).active()
        owner.queryset = people.exclude(role="auditor").order_by("username")
