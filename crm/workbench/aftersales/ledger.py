"""/aftersales/ledger/: the chain of after-sales events, and whether it is whole."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.events import Event
from core.keyset import BadCursor, read_page
from crm.staff.person import person_of
from crm.workbench.templatetags.desk import event_sentence
from tickets.ledger.checking import begin
from tickets.models import LedgerCheck, LedgerEntry

LOOK = "tickets.view_ledgerentry"
PAGE_SIZE = 50
CHECKS_SHOWN = 5


@login_required
@permission_required(LOOK, raise_exception=True)
@require_http_methods(["GET", "POST"])
def ledger(request: HttpRequest) -> HttpResponse:
    """Entries, the newest first, and the last checks; a POST begins a check."""
    person = person_of(request)
    if request.method == "POST":
        try:
            begin(actor=person, scope=request.POST.get("scope", ""))
        except DomainError as error:
            if error.status == 403:
                raise
            messages.error(request, error.message)
        else:
            messages.success(request, _("核验已开始，在后台进行。"))
        return redirect("ledger")
    checks = list(LedgerCheck.objects.visible_to(person).select_related("started_by").order_by("-id")[:CHECKS_SHOWN])
    context: dict[str, Any] = {
        "checks": checks,
        "is_running": any(check.state == "running" for check in checks),
        "may_check": person.has_perm("tickets.add_ledgercheck"),
    }
    if getattr(request, "htmx", False) and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "workbench/aftersales/ledger_checks.html", context)
    rows = LedgerEntry.objects.visible_to(person).select_related("ticket").defer("ticket__search")
    try:
        page = read_page(rows, ordering=("-id",), cursor=request.GET.get("cursor") or None, size=PAGE_SIZE)
    except BadCursor:
        page = read_page(rows, ordering=("-id",), cursor=None, size=PAGE_SIZE)
    events = Event.objects.select_related("actor").in_bulk([row.event_id for row in page.rows])
    for row in page.rows:
        row.event = events.get(row.event_id)
        row.said = _said(row.event)
    return render(request, "workbench/aftersales/ledger.html", context | {"page": page})


def _said(event: Event | None) -> str:
    """The event in words. What was tampered with may lack what its sentence needs."""
    if event is None:
        return ""
    try:
        return event_sentence(event)
    except (KeyError, ValueError, TypeError):
        return event.kind
