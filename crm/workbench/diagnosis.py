"""The desk's guided diagnosis: choose a tree, answer its questions, go on to after-sales."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError, InvalidInput
from core.text import row_id
from crm.staff.models import User
from crm.staff.person import person_of
from crm.workbench.access import ticket_or_404
from tickets.models import DiagnosisRun, Ticket
from tickets.services import diagnosis


def _context(ticket: Ticket, user: User) -> dict[str, Any]:
    runs: list[Any] = diagnosis.runs_of(ticket)
    for run in runs:
        run.asked = diagnosis.asked_now(run)
        wanted = diagnosis.proposal(run)
        if wanted is not None and run.aftersales_id is None:
            values = {"kind": wanted.kind, "reason": wanted.reason, "note": wanted.note, **wanted.details}
            query = urlencode({**values, "diagnosis": run.pk})
            run.apply_url = f"{reverse('ticket_aftersales', args=[ticket.number])}?{query}"
    return {
        "ticket": ticket,
        "runs": runs,
        "trees": diagnosis.trees_for(ticket),
        "may_run": user.has_perm("tickets.add_diagnosisrun") and not ticket.merged_into_id,
        "may_apply": user.has_perm("tickets.add_aftersales"),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def diagnosis_side(request: HttpRequest, number: str) -> HttpResponse:
    """The diagnoses of a ticket; a POST begins one (`tree`), answers (`run`, `step`, `choice`) or goes `back`."""
    ticket, user = ticket_or_404(request, number), person_of(request)
    if not user.has_perm("tickets.view_diagnosisrun"):
        raise PermissionDenied
    fault = ""
    if request.method == "POST":
        if not user.has_perm("tickets.add_diagnosisrun"):
            raise PermissionDenied
        try:
            _act(request, ticket, user)
        except DomainError as error:
            fault = error.message
    context = _context(ticket, user) | {"fault": fault}
    return render(request, "workbench/aftersales/diagnosis.html", context)


def _act(request: HttpRequest, ticket: Ticket, user: User) -> None:
    values = request.POST
    if "tree" in values:
        chosen = next((tree for tree in diagnosis.trees_for(ticket) if str(tree.pk) == values["tree"]), None)
        if chosen is None:
            raise InvalidInput(_("请选择故障诊断。"), fields={"tree": [_("请选择故障诊断。")]})
        diagnosis.start(ticket=ticket, actor=user, tree=chosen)
        return
    run = run_of(ticket, values.get("run", ""))
    if run is None:
        raise Http404
    if "back" in values:
        diagnosis.go_back(run=run, actor=user)
    else:
        diagnosis.answer(run=run, actor=user, step=values.get("step", ""), choice=values.get("choice", ""))


def run_of(ticket: Ticket, given: str) -> DiagnosisRun | None:
    """The ticket's run of this id, as a form gives it."""
    found: DiagnosisRun | None = DiagnosisRun.objects.filter(ticket=ticket, pk=row_id(given)).first()
    return found
