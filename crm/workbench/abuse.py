"""恶意攻击 (B21) on the desk: report it, leave calmly, be relieved; the supervisor decides."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError, InvalidInput
from core.text import row_id
from crm.staff.person import person_of
from crm.staff.services import relief
from crm.workbench.access import require, ticket_or_404
from tickets.models import AbuseReport, Ticket
from tickets.services import abuse

SHOWN = 10


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def abuse_page(request: HttpRequest, number: str) -> HttpResponse:
    """The reports of one ticket, and what can be done now."""
    ticket = ticket_or_404(request, number)
    fault = ""
    if request.method == "POST":
        require(request, "tickets.add_abusereport", _("您没有报告恶意攻击的权限。"))
        try:
            _do(request, ticket)
        except DomainError as error:
            fault = error.message
        else:
            if Ticket.objects.visible_to(person_of(request)).filter(pk=ticket.pk).exists():
                return redirect("ticket_abuse", number=number)
            return redirect("workbench")
    return render(request, "workbench/abuse/page.html", _context(request, ticket, fault), status=409 if fault else 200)


def _context(request: HttpRequest, ticket: Ticket, fault: str) -> dict[str, Any]:
    rows = AbuseReport.objects.visible_to(person_of(request)).filter(ticket=ticket)
    reports = list(rows.select_related("reporter", "decided_by")[:SHOWN])
    for report in reports:
        report.intact = abuse.is_intact(report)
    return {
        "ticket": ticket,
        "fault": fault,
        "reports": reports,
        "is_waiting": any(report.state == "reported" for report in reports),
        "scripts": abuse.calm_exit_scripts() if request.user.has_perm("scripts_library.view_scripttemplate") else [],
        "can_report": request.user.has_perm("tickets.add_abusereport"),
        "can_judge": request.user.has_perm("tickets.judge_abusereport"),
        "typed": request.POST,
    }


def _do(request: HttpRequest, ticket: Ticket) -> None:
    person, step = person_of(request), request.POST.get("step", "report")
    if step == "report":
        note = request.POST.get("note", "").replace("\x00", "")
        abuse.report_abuse(ticket=ticket, actor=person, note=note, wants_relief=bool(request.POST.get("relief")))
        return
    report = _report(request, ticket)
    reason = request.POST.get("reason", "").replace("\x00", "")
    match step:
        case "relief":
            abuse.ask_relief(report=report, actor=person)
        case "confirm":
            abuse.confirm(report=report, actor=person, days=_days(request), reason=reason)
        case "reject":
            abuse.reject(report=report, actor=person, reason=reason)
        case _:
            raise Http404


def _report(request: HttpRequest, ticket: Ticket) -> AbuseReport:
    word = request.POST.get("report", "")
    rows = AbuseReport.objects.visible_to(person_of(request)).filter(ticket=ticket)
    found: AbuseReport | None = rows.filter(pk=row_id(word)).first()
    if found is None:
        raise Http404(_("没有这份报告。"))
    return found


def _days(request: HttpRequest) -> int:
    word = request.POST.get("days", "")
    if not (word.isascii() and word.isdigit() and len(word) < 5):
        sentence = _("天数须是整数。")
        raise InvalidInput(sentence, fields={"days": [sentence]})
    return int(word)


@login_required
@require_GET
def abuse_flag(request: HttpRequest, number: str) -> HttpResponse:
    """The customer's flag and a request for relief, loaded after the ticket so that no ticket waits for them."""
    ticket = ticket_or_404(request, number)
    context = {
        "flag": abuse.flag_of(ticket.customer),
        "relief": relief.open_request_of(ticket, person_of(request)),
    }
    return render(request, "workbench/abuse/flag.html", context)
