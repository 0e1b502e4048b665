"""/wellbeing/: requests for relief, and the strain on oneself; supervisors also decide, and see their people."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import DomainError
from crm.staff.choices import Availability
from crm.staff.models import ReliefRequest, User
from crm.staff.person import person_of
from crm.staff.services import relief, wellbeing

PERIODS = (7, 30, 90)
USUAL = 30
RECENT = 20


def _days(word: str) -> int:
    return int(word) if word in {str(days) for days in PERIODS} else USUAL


@login_required
@require_safe
def wellbeing_page(request: HttpRequest) -> HttpResponse:
    """Nobody sees the figures of others but the supervisors of their branch: no lead, no admin, no auditor."""
    return _shown(request)


def _shown(request: HttpRequest, fault: str = "", status: int = 200) -> HttpResponse:
    viewer, days, now = person_of(request), _days(request.GET.get("days", "")), clock.now()
    strain = wellbeing.strain_of(wellbeing.people_of(viewer), start=now - timedelta(days=days), end=now)
    rows = ReliefRequest.objects.visible_to(viewer).select_related("ticket", "person", "decided_by", "handed_to")
    rows = rows.defer("ticket__search")
    context: dict[str, Any] = {
        "mine": strain[0],
        "team": strain[1:],
        "days": days,
        "periods": PERIODS,
        "waiting": list(rows.open().order_by("created_at", "pk")[:RECENT]),
        "recent": list(rows.exclude(state="asked")[:RECENT]),
        "states": [(value, Availability(value).label) for value in relief.STATES_AFTER],
        "fault": fault,
        "typed": request.POST,
        "typed_for": request.resolver_match.kwargs.get("pk") if request.resolver_match else None,
    }
    return render(request, "crm/wellbeing.html", context, status=status)


def _request_or_404(person: User, pk: int) -> ReliefRequest:
    found: ReliefRequest | None = ReliefRequest.objects.visible_to(person).filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这个请求。"))
    return found


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Grant, decline or withdraw; a fault keeps what was typed."""
    person = person_of(request)
    found, reason = _request_or_404(person, pk), request.POST.get("reason", "").replace("\x00", "")
    try:
        match request.POST.get("step", ""):
            case "grant":
                state = request.POST.get("availability", Availability.BREAK)
                relief.grant_relief(request=found, actor=person, availability=state, reason=reason)
                messages.success(request, _("已换人。"))
            case "decline":
                relief.decline_relief(request=found, actor=person, reason=reason)
                messages.success(request, _("已答复。"))
            case "withdraw":
                relief.withdraw_relief(request=found, actor=person)
                messages.success(request, _("已撤回。"))
            case _:
                raise Http404
    except DomainError as error:
        if error.status == 403:
            raise
        return _shown(request, error.message, status=409)
    return redirect("wellbeing")
