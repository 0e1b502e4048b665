"""Forms of the ticket list for many tickets at once. The address carries the list's query, so that everything
that matches can be meant and the person returns to where they were."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, InvalidInput
from core.text import row_id
from crm.staff.person import person_of
from crm.workbench.bulk import changing, replying
from crm.workbench.chips import values_of
from crm.workbench.models import BulkChange, BulkReply, BulkReplyState, Outcome
from crm.workbench.selection import asked_of, chosen_tickets, saved_view, search_of
from crm.workbench.sentence import chips_for
from scripts_library.models import ScriptVersion
from scripts_library.suggestion import search_scripts
from tickets.models import Ticket

SKIPPED_SHOWN = 50
FAILED_SHOWN = 200
SCRIPTS_SHOWN = 6


def _ids(request: HttpRequest, most: int) -> list[int]:
    """The ticked tickets, or everything that the list's query matches, up to one more than allowed."""
    if request.POST.get("all"):
        view = saved_view(request)
        chosen = values_of(chips_for(request, view))
        rows = chosen_tickets(person_of(request), chosen, search_of(request), view, asked_of(request))
        return list(rows.order_by("-id").values_list("pk", flat=True)[: most + 1])
    words = request.POST.getlist("tickets")[: most + 1]
    return [pk for pk in map(row_id, words) if pk is not None]


def _key(request: HttpRequest) -> UUID:
    """Made with the form; a form without one cannot be told from another, so it gets a new one."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def _list_url(request: HttpRequest, **changes: Any) -> str:
    query = request.GET.copy()
    query.pop("done", None)
    for name, value in changes.items():
        query[name] = str(value)
    return f"{reverse('ticket_list')}?{query.urlencode()}"


@login_required
@permission_required("workbench.add_bulkchange", raise_exception=True)
@require_POST
def bulk_change(request: HttpRequest, action: str) -> HttpResponse:
    """Change the chosen tickets; the list then says how many, and which were left alone and why."""
    try:
        change = changing.change_many(
            actor=person_of(request),
            action=action,
            values=request.POST.dict(),
            ticket_ids=_ids(request, changing.MOST),
            key=_key(request),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(_list_url(request))
    return redirect(_list_url(request, done=change.pk))


@login_required
@permission_required("workbench.add_bulkchange", raise_exception=True)
@require_POST
def bulk_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the change back while its minute lasts."""
    change = BulkChange.objects.visible_to(person_of(request)).filter(pk=pk).first()
    if change is None:
        raise Http404
    try:
        changing.undo(change=change, actor=person_of(request))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(_list_url(request, done=pk))


@dataclass(frozen=True)
class Done:
    """What the list says of the change that was just made."""

    change: BulkChange
    changed: int
    skipped: list[Any]
    undone: int
    kept: list[Any]
    seconds_left: int


def done_of(request: HttpRequest) -> Done | None:
    """The person's own change that the address names."""
    word = request.GET.get("done", "")
    person = person_of(request)
    change = BulkChange.objects.filter(pk=row_id(word), actor=person).first()
    if change is None:
        return None
    rows = list(change.rows.select_related("ticket").order_by("id"))
    left = (change.finished_at or change.created_at) + changing.UNDO_WITHIN - clock.now()
    return Done(
        change=change,
        changed=sum(row.outcome in (Outcome.CHANGED, Outcome.UNDONE, Outcome.KEPT) for row in rows),
        skipped=[row for row in rows if row.outcome == Outcome.SKIPPED],
        undone=sum(row.outcome == Outcome.UNDONE for row in rows),
        kept=[row for row in rows if row.outcome == Outcome.KEPT],
        seconds_left=int(left.total_seconds()) if changing.can_undo(change) else 0,
    )


@login_required
@permission_required("workbench.add_bulkreply", raise_exception=True)
@require_POST
def bulk_reply(request: HttpRequest) -> HttpResponse:
    """Write one text for the chosen tickets, look at it filled, and send it."""
    person = person_of(request)
    body = request.POST.get("body", "").replace("\r\n", "\n").replace("\x00", "")
    context: dict[str, Any] = {"body": body, "key": _key(request), "script": "", "scripts": [], "query": ""}
    try:
        tickets = replying.chosen(person, _ids(request, replying.MOST))
        context["tickets"] = tickets
        return _reply_step(request, context, tickets)
    except InvalidInput as error:
        if "tickets" in error.fields:
            messages.error(request, error.message)
            return redirect(_list_url(request))
        context["fault"] = error.message
    except DomainError as error:
        context["fault"] = error.message
    return render(request, "workbench/tickets/reply.html", context)


def _reply_step(request: HttpRequest, context: dict[str, Any], tickets: list[Ticket]) -> HttpResponse:
    """One of: search a script, take one, look at the filled text, send."""
    person, step = person_of(request), request.POST.get("step", "")
    version = _script(request)
    if "script" in request.POST and step == "take" and version is not None:
        context["body"] = version.body
    context["script"] = version.pk if version else ""
    context["query"] = request.POST.get("q", "")[:100]
    if step == "search" and context["query"]:
        context["scripts"] = search_scripts(context["query"], limit=SCRIPTS_SHOWN)
    if step == "send":
        bulk = replying.reply_many(
            actor=person,
            body=context["body"],
            ticket_ids=[ticket.pk for ticket in tickets],
            key=context["key"],
            script_version=version,
        )
        return redirect("bulk_reply_progress", pk=bulk.pk)
    if step == "preview":
        filled = replying.fill(actor=person, body=context["body"], tickets=tickets)
        ready = [item for item in filled if not item.missing]
        context |= {
            "ready": len(ready),
            "examples": ready[: replying.SHOWN],
            "unfilled": [item for item in filled if item.missing],
            "is_preview": True,
        }
    return render(request, "workbench/tickets/reply.html", context)


def _script(request: HttpRequest) -> ScriptVersion | None:
    word = request.POST.get("script", "")
    found: ScriptVersion | None = ScriptVersion.objects.published().filter(pk=row_id(word)).first()
    return found


@login_required
@permission_required("workbench.view_bulkreply", raise_exception=True)
@require_GET
def bulk_reply_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the sending is; what could not be filled or was refused is listed."""
    bulk = BulkReply.objects.visible_to(person_of(request)).filter(pk=pk).first()
    if bulk is None:
        raise Http404(_("没有这次群发。"))
    failed = bulk.rows.filter(state__in=[BulkReplyState.UNFILLED, BulkReplyState.REFUSED]).select_related("ticket")
    context = {"bulk": bulk, "progress": replying.progress_of(bulk), "failed": list(failed[:FAILED_SHOWN])}
    is_fragment = getattr(request, "htmx", False) and not request.htmx.boosted  # type: ignore[attr-defined]
    name = "reply_state" if is_fragment else "reply_progress"
    return render(request, f"workbench/tickets/{name}.html", context)
