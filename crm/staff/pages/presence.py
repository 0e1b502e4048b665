"""Signs of life of open pages, one's own state, forced logout."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from crm.staff.choices import Availability
from crm.staff.heartbeat import beat
from crm.staff.models import Presence, User
from crm.staff.person import person_of
from crm.staff.services import force_logout


@login_required
@require_POST
def heartbeat(request: HttpRequest) -> HttpResponse:
    """An open page says that it is there, and learns the state its person has now. Prolongs no session."""
    person = person_of(request)
    beat(person)
    return JsonResponse({"availability": person.availability}, headers={"Cache-Control": "no-store"})


@login_required
@require_GET
def presence_menu(request: HttpRequest) -> HttpResponse:
    """The state menu, when the state changed elsewhere; says what was done without the person."""
    response = render(request, "crm/parts/presence.html")
    told = away_sentence(person_of(request))
    if told:
        response["HX-Trigger"] = json.dumps({"kean:toast": {"text": told, "tone": "warn"}})
    return response


def away_sentence(person: User) -> str:
    """Why the person was sent offline and how many chats went back; empty when it was by their own hand."""
    if person.availability != Availability.OFFLINE:
        return ""
    row: Any = Presence.objects.filter(user=person).exclude(away_reason="").first()
    if row is None:
        return ""
    told: str = _("您已自动离线：%(reason)s。") % {"reason": row.get_away_reason_display()}
    if row.returned:
        told += ngettext("已退回 %(n)s 个会话。", "已退回 %(n)s 个会话。", row.returned) % {"n": row.returned}
    return told


@login_required
@require_POST
def logout(request: HttpRequest, pk: int) -> HttpResponse:
    """Force a colleague's logout; what is refused is told where one came from."""
    actor = person_of(request)
    colleague = get_object_or_404(User.objects.visible_to(actor).active(), pk=pk)
    try:
        returned = force_logout(user=colleague, actor=actor, reason=request.POST.get("reason", ""))
    except DomainError as error:
        if error.status == 403:
            raise
        messages.error(request, error.message)
        return redirect(_back(request))
    told = _("%(name)s 已强制下线，退回 %(n)s 个会话。") % {"name": colleague.name, "n": returned}
    messages.success(request, told)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    return "board" if request.user.has_perm("tickets.supervise_ticket") else "team"
