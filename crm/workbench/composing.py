"""The composer: drafts while typing, and sending. A view begins with access, calls a service, and renders."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from core.text import row_id
from crm.workbench.access import require, ticket_or_404
from crm.workbench.moments import read_moment
from crm.workbench.views import ticket_context
from knowledge.safety import words
from knowledge.safety.claims import claims_in
from scripts_library.models import ScriptVersion
from tickets.choices import DraftKind
from tickets.models import Attachment, Ticket, TicketMessage, WaitingReply
from tickets.services import attachments, drafts, sending, waiting
from tickets.services.norms import empathy
from tickets.services.norms.repeats import repeats_in
from tickets.services.safety.claims import Confirmation


def _typed(request: HttpRequest) -> str:
    return request.POST.get("body", "").replace("\r\n", "\n")


def _script(request: HttpRequest) -> ScriptVersion | None:
    version_id = request.POST.get("script", "")
    found: ScriptVersion | None = ScriptVersion.objects.published().filter(pk=row_id(version_id)).first()
    return found


@login_required
@require_POST
def draft(request: HttpRequest, number: str) -> JsonResponse:
    """Keep what is typed. Answers the moment it was kept (null: nothing to keep), what is promised about safety,
    what is asked for that the customer has told already and, for a first reply, the empathy checklist."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.reply_ticket", _("您没有回复工单的权限。"))
    kept = drafts.save_draft(
        ticket=ticket,
        actor=request.user,
        kind=request.POST.get("kind", ""),
        body=_typed(request),
        script_version=_script(request),
    )
    answer: dict[str, Any] = {"saved_at": kept.updated_at if kept else None}
    if request.POST.get("kind") == DraftKind.REPLY:
        answer["claims"] = claims_in(_typed(request), words.in_force())
        answer["known"] = [item.as_dict() for item in repeats_in(ticket=ticket, text=_typed(request))]
    if request.POST.get("kind") == DraftKind.REPLY and empathy.is_due(ticket):
        items = empathy.checklist(_typed(request), asked=empathy.asked_by(ticket))
        answer["empathy"] = [item.as_dict() for item in items]
    return JsonResponse(answer)


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
        sent = _say(request, ticket, kind, files)
    except DomainError as error:
        _keep(request, ticket, kind, files)
        fresh = ticket_or_404(request, number)
        confirmed = {name: request.POST.get(name, "") for name in ("safety_version", "safety_reason")}
        context = ticket_context(request, fresh, fault=error, typed=_typed(request), typed_kind=kind) | confirmed
        # 409 says that the conversation went on; every other fault is one of the text.
        status = 409 if error.code == "newer_message" else 200
        return render(request, "workbench/parts/ticket.html", context, status=status)
    response = render(request, "workbench/parts/ticket.html", ticket_context(request, ticket_or_404(request, number)))
    response["HX-Trigger"] = json.dumps({"kean:sent": _told(request, ticket, sent)})
    return response


def _told(request: HttpRequest, ticket: Ticket, sent: TicketMessage | WaitingReply) -> dict[str, Any]:
    """What the page needs to go on to the next ticket and to offer taking back."""
    news: dict[str, Any] = {"solves": request.POST.get("then") == "solve"}
    if isinstance(sent, WaitingReply) and not sent.is_chosen:
        news["undo"] = reverse("ticket_take_back", args=[ticket.number, sent.pk])
        news["number"], news["send_at"] = ticket.number, sent.send_at.isoformat()
    return news


def _files(request: HttpRequest) -> list[Attachment]:
    """Files chosen now, and those that a failed or recalled sending left with the draft."""
    wanted = [pk for pk in map(row_id, request.POST.getlist("kept")) if pk is not None]
    kept = list(Attachment.objects.filter(pk__in=wanted, uploader=request.user, message=None)) if wanted else []
    new = [attachments.store_attachment(upload=file, actor=request.user) for file in request.FILES.getlist("files")]
    return [*kept, *new]


def _say(request: HttpRequest, ticket: Ticket, kind: str, files: list[Attachment]) -> TicketMessage | WaitingReply:
    drafts.check_length(_typed(request))
    common: dict[str, Any] = {
        "ticket": ticket,
        "actor": request.user,
        "body": _typed(request),
        "attachments": files,
        "solves": request.POST.get("then") == "solve",
    }
    if kind == DraftKind.NOTE:
        return sending.send_note(**common)
    return sending.send_reply(
        **common,
        script_version=_script(request),
        safety=Confirmation(_number(request, "safety_version"), request.POST.get("safety_reason", "")),
        send_at=read_moment(request.POST.get("send_at", ""), field="send_at"),
        seen=_number(request, "seen"),
    )


def _number(request: HttpRequest, name: str) -> int | None:
    return row_id(request.POST.get(name, ""))


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


def _waiting_or_404(request: HttpRequest, ticket: Ticket, pk: int) -> WaitingReply:
    found: WaitingReply | None = WaitingReply.objects.filter(pk=pk, ticket=ticket).first()
    if found is None:
        raise Http404(_("没有这条待发回复。"))
    return found


@login_required
@require_POST
def take_back(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The waiting reply is in the composer again, with its moment when one was chosen."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.reply_ticket", _("您没有回复工单的权限。"))
    row = _waiting_or_404(request, ticket, pk)
    extra: dict[str, Any] = {}
    try:
        waiting.take_back(waiting=row, actor=request.user)
        extra["send_at"] = row.send_at if row.is_chosen else None
    except DomainError as error:
        extra["fault"] = error
    return _pane(request, number, extra)


@login_required
@require_POST
def send_at_once(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The waiting reply goes out without waiting for its moment."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.reply_ticket", _("您没有回复工单的权限。"))
    extra: dict[str, Any] = {}
    try:
        sending.send_at_once(waiting_reply=_waiting_or_404(request, ticket, pk), actor=request.user)
    except DomainError as error:
        extra["fault"] = error
    return _pane(request, number, extra)


def _pane(request: HttpRequest, number: str, extra: dict[str, Any]) -> HttpResponse:
    context = ticket_context(request, ticket_or_404(request, number), **extra)
    response = render(request, "workbench/parts/ticket.html", context)
    response["HX-Trigger"] = "kean:changed"
    return response
