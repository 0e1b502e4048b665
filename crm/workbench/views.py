"""Pages of the desk. A view begins with access, calls a service, and renders; rules live below."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.events import readable_until
from core.keyset import BadCursor
from core.language import mask_text
from crm.followups.services import open_survey_of
from crm.workbench import desk, platforms, signs
from crm.workbench.access import require, ticket_or_404
from crm.workbench.acquaintance import acquaintance
from crm.workbench.actions import ACTIONS, available_actions
from crm.workbench.aftersales.side import aftersales_context
from crm.workbench.forms import TicketEditForm
from crm.workbench.insertion import fitting_scripts, rung_for, scripts_for
from crm.workbench.money import money_context
from crm.workbench.procedures.desk import procedure_context
from knowledge.search import search_articles
from tickets.anger import anger_of_last
from tickets.api.views import attachment_response
from tickets.choices import DraftKind, MessageKind
from tickets.models import Attachment, Draft, Queue, Ticket, TicketMessage
from tickets.services import drafts, editing, originals
from tickets.services.norms import empathy
from tickets.services.safety import claims
from tickets.services.suggestions import anger_on, asked, similar_to, strategy_for
from tickets.services.waiting import waiting_of

SIDE_TABS = ("customer", "scripts", "articles", "orders", "money", "aftersales", "procedure", "history")


def _list_context(request: HttpRequest, selection: desk.Selection) -> dict[str, Any]:
    try:
        page = desk.listed(request.user, selection)
    except BadCursor:
        page = desk.listed(request.user, replace(selection, cursor=None))
    signs.mark_rows(page.rows, request.user)
    return {"page": page, "selection": selection, "current": request.GET.get("current", "")}


@login_required
@permission_required("tickets.view_ticket", raise_exception=True)
@require_GET
def workbench(request: HttpRequest, number: str | None = None) -> HttpResponse:
    """The desk: views, list, and the chosen ticket."""
    selection = desk.Selection.of(request.GET, request.user)
    context = {
        # Asked before anything is read: the stream goes on from here, so nothing falls between page and stream.
        "stream_from": str(readable_until()),
        "pane": desk.left_pane(request.user),
        "queues": desk.queue_counts(request.user),
        **_list_context(request, selection),
    }
    if number is not None:
        ticket = ticket_or_404(request, number)
        context |= ticket_context(request, ticket) | {"current": ticket.number}
    return render(request, "workbench/desk.html", context)


@login_required
@permission_required("tickets.view_ticket", raise_exception=True)
@require_GET
def counts(request: HttpRequest) -> HttpResponse:
    """The left pane alone, for refreshing."""
    context = {
        "pane": desk.left_pane(request.user),
        "queues": desk.queue_counts(request.user),
        "selection": desk.Selection.of(request.GET, request.user),
    }
    return render(request, "workbench/parts/views.html", context)


@login_required
@permission_required("tickets.view_ticket", raise_exception=True)
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone: after a change, for a new search, or its next page."""
    selection = desk.Selection.of(request.GET, request.user)
    template = "workbench/parts/rows.html" if selection.cursor else "workbench/parts/list.html"
    return render(request, template, _list_context(request, selection))


def _empathy(ticket: Ticket, messages: list[TicketMessage], drafted: dict[str, Draft]) -> list[empathy.EmpathyItem]:
    asked = "\n".join(message.body for message in messages if message.kind == MessageKind.CUSTOMER)
    draft = drafted.get(DraftKind.REPLY)
    return empathy.checklist(draft.body if draft else "", asked=asked)


def safety_shown(
    request: HttpRequest,
    ticket: Ticket,
    messages: list[TicketMessage],
    drafted: dict[str, Draft],
    extra: dict[str, Any],
) -> claims.Shown | None:
    """The safety sheets, when the customer or the reply being written speaks of safety."""
    said = [ticket.subject, *(one.body for one in messages if one.kind == MessageKind.CUSTOMER)]
    draft = drafted.get(DraftKind.REPLY)
    typed = extra.get("typed", "") if extra.get("typed_kind") != DraftKind.NOTE else ""
    return claims.shown_for(ticket, request.user, said=said, typed=typed or (draft.body if draft else ""))


@login_required
@require_GET
def safety(request: HttpRequest, number: str) -> HttpResponse:
    """The safety sheets above the composer, for the draft as it was kept last."""
    ticket = ticket_or_404(request, number)
    drafted = drafts.drafts_of(ticket=ticket, author=request.user)
    shown = safety_shown(request, ticket, desk.conversation_of(ticket), drafted, {})
    return render(request, "workbench/parts/safety.html", {"safety": shown})


def ticket_context(request: HttpRequest, ticket: Ticket, *, whole: bool = True, **extra: Any) -> dict[str, Any]:
    messages = desk.conversation_of(ticket)
    composes = request.user.has_perm("tickets.reply_ticket") and not ticket.merged_into_id
    drafted = drafts.drafts_of(ticket=ticket, author=request.user) if composes else {}
    if request.user.is_auditor:
        for message in messages:
            message.shown_body = mask_text(message.body)  # type: ignore[attr-defined]
    return {
        "ticket": ticket,
        "safety": safety_shown(request, ticket, messages, drafted, extra),
        "clocks": [*desk.clocks_of(ticket), *platforms.clocks_of(ticket)],
        "thread": messages,
        "newest": max((message.pk for message in messages), default=None),
        "waiting": waiting_of(ticket),
        "anger": anger_of_last(one.body for one in messages if one.kind == MessageKind.CUSTOMER),
        "watchers": list(ticket.watchers.select_related("user").order_by("user__username")),
        "empathy": _empathy(ticket, messages, drafted) if composes and empathy.is_due(ticket) else None,
        "people_here": signs.people_at(ticket, request.user),
        "actions": available_actions(ticket, request.user),
        "can_reply": composes,
        "can_see_originals": request.user.has_perm("customers.reveal_customer"),
        "survey": open_survey_of(ticket) if request.user.has_perm("tickets.reply_ticket") else None,
        "drafts": drafted,
        "side": side_context(request, ticket, "customer") if whole else None,
        **extra,
    }


@login_required
@require_GET
def ticket_pane(request: HttpRequest, number: str) -> HttpResponse:
    """Conversation and side pane of one ticket, for opening it without leaving the list."""
    ticket = ticket_or_404(request, number)
    return render(request, "workbench/parts/ticket.html", ticket_context(request, ticket))


@login_required
@require_GET
def thread(request: HttpRequest, number: str) -> HttpResponse:
    """Header and messages alone, so that what is being typed stays."""
    ticket = ticket_or_404(request, number)
    return render(request, "workbench/parts/thread.html", ticket_context(request, ticket, whole=False))


def side_context(request: HttpRequest, ticket: Ticket, tab: str) -> dict[str, Any]:
    """What the right pane needs for one of its tabs."""
    query = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"ticket": ticket, "tab": tab, "tabs": SIDE_TABS, "query": query}
    if tab == "scripts":
        anger = anger_on(ticket)
        context["anger"] = anger
        context["rung"] = [] if query else rung_for(ticket, request.user, anger)
        context["scripts"] = fitting_scripts(ticket, request.user, query, besides=context["rung"])
        context["strategy"] = strategy_for(ticket)
    elif tab == "articles":
        context["articles"] = search_articles(query or asked(ticket), limit=8)
    elif tab == "orders":
        context["orders"] = desk.orders_of(ticket)
    elif tab == "money":
        context |= money_context(ticket, request.user, request.GET)
    elif tab == "procedure":
        context |= procedure_context(ticket, request.user)
    elif tab == "aftersales":
        context |= aftersales_context(ticket, request.user, request.GET)
    elif tab == "history":
        context["history"] = desk.history_of(ticket)
    else:
        context |= acquaintance(ticket, request.user)
        context["other_tickets"] = desk.other_tickets_of(ticket, request.user)
        context["similar"] = similar_to(ticket, request.user)
        context["tags"] = list(ticket.customer.active_tags())
        context["form"] = TicketEditForm(initial=TicketEditForm.of(ticket))
    return context


@login_required
@require_GET
def side(request: HttpRequest, number: str, tab: str) -> HttpResponse:
    """One tab of the right pane."""
    if tab not in SIDE_TABS:
        raise Http404
    ticket = ticket_or_404(request, number)
    return render(request, "workbench/parts/side.html", {"side": side_context(request, ticket, tab), "ticket": ticket})


@login_required
@require_GET
def scripts(request: HttpRequest, number: str) -> JsonResponse:
    """Scripts for typing `/`: found by code, title, text or pinyin, filled for this ticket."""
    ticket = ticket_or_404(request, number)
    found = scripts_for(ticket, request.user, request.GET.get("q", "").strip()[:100])
    return JsonResponse({"results": [item.as_dict() for item in found]})


@login_required
@require_POST
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """One move of the ticket."""
    ticket = ticket_or_404(request, number)
    if action not in ACTIONS:
        raise Http404
    require(request, "tickets.transition_ticket", _("您没有流转工单的权限。"))
    fault: DomainError | None = None
    try:
        ACTIONS[action](ticket, request.user, request.POST)
    except DomainError as error:
        fault = error
    fresh = Ticket.objects.visible_to(request.user).for_list().filter(pk=ticket.pk).first()
    if fresh is None:
        # Moved out of sight: say so instead of showing a ticket that is no longer ours.
        response = render(request, "workbench/parts/gone.html", {"number": ticket.number})
    else:
        typed = {"typed": request.POST.get("typed", ""), "typed_kind": request.POST.get("typed_kind", "")}
        context = ticket_context(request, fresh, fault=fault, **typed)
        response = render(request, "workbench/parts/ticket.html", context)
    response["HX-Trigger"] = "kean:changed"
    return response


@login_required
@require_POST
def edit(request: HttpRequest, number: str) -> HttpResponse:
    """Correct type, category, priority and the like; a fault shows beside the form."""
    ticket = ticket_or_404(request, number)
    require(request, "tickets.change_ticket", _("您没有修改工单的权限。"))
    fault: DomainError | None = None
    form = TicketEditForm(request.POST)
    try:
        if form.is_valid():
            editing.edit(ticket=ticket, actor=request.user, changes=form.changes())
    except DomainError as error:
        fault = error
    fresh = ticket_or_404(request, number)
    side = side_context(request, fresh, "customer") | {"edit_form": form if form.errors else None, "edit_fault": fault}
    response = render(request, "workbench/parts/side.html", {"side": side, "ticket": fresh})
    if not form.errors and fault is None:
        response["HX-Trigger"] = "kean:changed, kean:edited"
    return response


@login_required
@require_GET
def attachment(request: HttpRequest, pk: int) -> FileResponse:
    """A file of a ticket the user may see, always as a download."""
    found = Attachment.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return attachment_response(found)


@login_required
@require_GET
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail behind a message, for who may see personal data in full; never shown by the browser itself."""
    message = (
        TicketMessage.objects.select_related("ticket__channel", "ticket__inbound")
        .filter(pk=pk, ticket__in=Ticket.objects.visible_to(request.user))
        .first()
    )
    if message is None:
        raise Http404
    raw = originals.original_mail(message=message, actor=request.user)
    return HttpResponse(
        raw,
        content_type="message/rfc822",
        headers={
            "Content-Disposition": f'attachment; filename="{message.ticket.number}-{message.pk}.eml"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


@login_required
@require_GET
def assignees(request: HttpRequest, number: str) -> HttpResponse:
    """Who may take the ticket, and the queues it may move to: the body of the hand-over dialog."""
    ticket = ticket_or_404(request, number)
    people = get_user_model().objects.visible_to(request.user).active().exclude(role="auditor").order_by("username")
    context = {"ticket": ticket, "people": people[:200], "queues": Queue.objects.exclude(pk=ticket.queue_id)}
    return render(request, "workbench/parts/handover.html", context)
