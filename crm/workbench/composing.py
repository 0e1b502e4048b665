"""The composer: drafts while typing, and sending. A view begins with access, calls a service, and renders."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from crm.workbench.views import require, ticket_context, ticket_or_404
from scripts_library.models import ScriptVersion
from tickets.choices import DraftKind
from tickets.models import Attachment, Ticket
from tickets.services import attachments, drafts, sending


def _typed(request: HttpRequest) -> str:
    return request.POST.get("body", "").replace("\r\n", "\n")


def _script(request: HttpRequest) -> ScriptVersion | None:
    version_id = request.POST.get("script", "")
    found: ScriptVersion | None = None
    if version_id.isascii() and version_id.isdigit() and len(version_id) < 19:
        found = ScriptVersion.objects.published().filter(pk=int(version_id)).first()
    return found


@login_required
@require_POST
def draft(request: HttpRequest, number: str) -> JsonResponse:
    """Keep what is typed. Answers the moment it was kept, or null when there is nothing to keep."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.reply_ticket", _("您没有回复工单的权限。"))
    kept = drafts.save_draft(
        ticket=ticket,
        actor=request.user,
        kind=request.POST.get("kind", ""),
        body=_typed(request),
        script_version=_script(request),
    )
    return JsonResponse({"saved_at": kept.updated_at if kept else None})


@login_required
@require_POST
def send(request: HttpRequest, number: str) -> HttpResponse:
    """Send a reply or keep a note; a fault shows beside the text, which stays as a draft."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.reply_ticket", _("您没有回复工单的权限。"))
    kind = request.POST.get("kind", DraftKind.REPLY)
    kind = kind if kind in DraftKind.values else DraftKind.REPLY
    files: list[Attachment] = []
    try:
        files = _files(request)
        _say(request, ticket, kind, files)
    except DomainError as error:
        _keep(request, ticket, kind, files)
        fresh = ticket_or_404(request, number)
        context = ticket_context(request, fresh, fault=error, typed=_typed(request), typed_kind=kind)
        return render(request, "workbench/parts/ticket.html", context)
    response = render(request, "workbench/parts/ticket.html", ticket_context(request, ticket_or_404(request, number)))
    response["HX-Trigger"] = "kean:sent"
    return response


def _files(request: HttpRequest) -> list[Attachment]:
    """Files chosen now, and those that a failed or recalled sending left with the draft."""
    wanted = [word for word in request.POST.getlist("kept") if word.isascii() and word.isdigit() and len(word) < 19]
    kept = list(Attachment.objects.filter(pk__in=wanted, uploader=request.user, message=None)) if wanted else []
    new = [attachments.store_attachment(upload=file, actor=request.user) for file in request.FILES.getlist("files")]
    return [*kept, *new]


def _say(request: HttpRequest, ticket: Ticket, kind: str, files: list[Attachment]) -> None:
    drafts.check_length(_typed(request))
    common: dict[str, Any] = {
        "ticket": ticket,
        "actor": request.user,
        "body": _typed(request),
        "attachments": files,
        "solves": request.POST.get("then") == "solve",
    }
    if kind == DraftKind.NOTE:
        sending.send_note(**common)
    else:
        sending.send_now(**common, script_version=_script(request))


def _keep(request: HttpRequest, ticket: Ticket, kind: str, files: list[Attachment]) -> None:
    """What could not be sent is a draft, files included."""
    body = _typed(request)[: drafts.MAX_BODY]
    drafts.save_draft(
        ticket=ticket,
        actor=request.user,
        kind=kind,
        body=body,
        script_version=_script(request),
        attachments=files,
    )
