"""/problems/: problem records; /complaints/analysis/: the clusters and points of risk they are made of."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from crm.insights.complaints.clusters import clusters_of
from crm.insights.complaints.risks import risk_points
from crm.insights.complaints.services import KEEPER, problem_of_cluster, task_of_risk
from crm.insights.improvements.forms import PersonField
from crm.insights.models import Problem
from crm.insights.register_views import RegisterColumn, RegisterPages, Words
from crm.staff.models import User
from crm.staff.person import person_of
from customers.forms import DressedForm

_LONG = forms.Textarea(attrs={"rows": 3})


class ProblemForm(DressedForm):
    """What a record says; where it stands is moved on its page."""

    title = forms.CharField(label=lazy("标题"), max_length=200)
    details = forms.CharField(label=lazy("现象"), required=False, max_length=4000, widget=_LONG)
    product = forms.CharField(label=lazy("商品编码"), required=False, max_length=100)
    batch = forms.CharField(label=lazy("批次"), required=False, max_length=100)
    category = forms.CharField(label=lazy("问题分类"), required=False, max_length=100)
    owner = PersonField(label=lazy("责任人"), queryset=User.objects.none(), required=False, empty_label=lazy("未指定"))
    review_on = forms.DateField(
        label=lazy("复核日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    root_cause = forms.CharField(label=lazy("根本原因"), required=False, max_length=4000, widget=_LONG)
    fix = forms.CharField(label=lazy("修复措施"), required=False, max_length=4000, widget=_LONG)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        # Before the form dresses itself, which validates and asks for it.
        self.viewer = viewer
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.visible_to(self.viewer).active().exclude(role="auditor").order_by("username")


@login_required
@permission_required("insights.view_report", raise_exception=True)
@require_GET
def analysis(request: HttpRequest) -> HttpResponse:
    """What grows and what stands out this week."""
    person = person_of(request)
    context = {"clusters": clusters_of(person), "risks": risk_points(person)}
    return render(request, "insights/complaints/analysis.html", context)


@login_required
@permission_required("insights.add_problem", raise_exception=True)
@require_POST
def analysis_act(request: HttpRequest) -> HttpResponse:
    """A cluster becomes a problem record, a point of risk a preventive task."""
    person, values = person_of(request), request.POST

    def word(name: str) -> str:
        return values.get(name, "").replace("\x00", "")[:300]

    try:
        if values.get("what") == "risk":
            made = task_of_risk(actor=person, dimension=word("dimension"), value=word("value"))
        else:
            made = problem_of_cluster(
                actor=person, product=word("product"), batch=word("batch"), category=word("category")
            )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("complaint_analysis")
    return redirect("problem", pk=made.pk)


PAGES = RegisterPages(
    model=Problem,
    form=ProblemForm,
    keeper=KEEPER,
    words=Words(
        about=lazy("许多投诉背后的同一个问题：原因、修复，直到不再发生。"),
        new=lazy("新建问题单"),
        empty=lazy("这里还没有问题单"),
        hint=lazy("在投诉分析里，一类集中的投诉可以立为问题单。"),
        icon="bug",
    ),
    columns=(RegisterColumn(lazy("类型"), Problem.get_kind_display),),
    page="insights/complaints/problem.html",
    listing="insights/complaints/problems.html",
)
