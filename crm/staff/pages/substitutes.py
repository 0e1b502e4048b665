"""Who decides in one's place while one is away: on one's own page."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core import clock
from core.approvals.models import Substitution
from core.approvals.services import end_substitution, name_substitute
from core.errors import DomainError
from crm.staff.models import User
from crm.staff.person import person_of

MAY_NAME = "core.add_substitution"
SHOWN = 20


def _moment(required: bool, label: Any, help_text: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, widget=widget, help_text=help_text)


class SubstituteForm(forms.Form):
    """Whom, from when, until when."""

    substitute = forms.ModelChoiceField(
        label=gettext_lazy("代理人"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("请选择"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    starts_at = _moment(False, gettext_lazy("开始时间"), gettext_lazy("不填则从现在起。"))
    ends_at = _moment(True, gettext_lazy("结束时间"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["substitute"]
        choice.queryset = User.objects.possible_substitutes(user).order_by("username")
        choice.label_from_instance = lambda person: f"{person.name}（{person.get_role_display()}）"

    def starts(self) -> datetime:
        found: datetime = self.cleaned_data["starts_at"] or clock.now()
        return found


def substitutes_of(person: User) -> dict[str, Any]:
    """For the page: who stands in for the person, and for whom they stand in, now and later."""
    rows = Substitution.objects.visible_to(person).to_come().select_related("person", "substitute")
    mine = [row for row in rows.order_by("starts_at", "pk") if person.pk in (row.person_id, row.substitute_id)][:SHOWN]
    return {
        "names_substitutes": person.has_perm(MAY_NAME),
        "substitutes": [row for row in mine if row.person_id == person.pk],
        "stands_in": [row for row in mine if row.substitute_id == person.pk],
    }


def name_from_form(request: HttpRequest) -> SubstituteForm | None:
    """Name the substitute that the form says; None when it was done, else the form with its errors."""
    person = person_of(request)
    form = SubstituteForm(request.POST, user=person)
    if not form.is_valid():
        return form
    values = {"substitute": form.cleaned_data["substitute"], "ends_at": form.cleaned_data["ends_at"]}
    try:
        name_substitute(actor=person, person=person, starts_at=form.starts(), **values)
    except DomainError as error:
        for name in error.fields or {"": []}:
            form.add_error(name if name in form.fields else None, error.message)
        return form
    messages.success(request, _("审批代理已指定。"))
    return None


@login_required
@permission_required("core.delete_substitution", raise_exception=True)
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Back earlier: one's own only."""
    person = person_of(request)
    row = get_object_or_404(Substitution.objects.filter(person=person), pk=pk)
    try:
        end_substitution(substitution=row, actor=person)
        messages.success(request, _("审批代理已结束。"))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("profile")
