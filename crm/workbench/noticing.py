"""The bell: notices of one person; and whom a note can name."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import InvalidInput
from core.keyset import BadCursor, read_page
from core.language import pinyin_initials
from core.text import row_id
from crm.workbench.access import ticket_or_404
from tickets.models import Notice
from tickets.services import notices, watching

PAGE_SIZE = 30
IN_MENU = 8


@login_required
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """One's notices, the newest first: a page, or the newest few in the bell's menu."""
    rows = Notice.objects.filter(user=request.user).select_related("ticket", "actor").defer("ticket__search")
    if request.headers.get("HX-Request"):
        context: dict[str, Any] = {"notices": list(rows.order_by("-created_at", "-pk")[:IN_MENU])}
        return render(request, "workbench/notices/menu.html", context)
    ordering = ("-created_at", "-id")
    try:
        page = read_page(rows, ordering=ordering, cursor=request.GET.get("cursor") or None, size=PAGE_SIZE)
    except BadCursor:
        page = read_page(rows, ordering=ordering, cursor=None, size=PAGE_SIZE)
    return render(request, "workbench/notices/list.html", {"page": page})


@login_required
@require_GET
def notice_count(request: HttpRequest) -> JsonResponse:
    """How many are unread; loaded after the page, so that no page waits for it."""
    return JsonResponse({"count": notices.unread_count(request.user)})


@login_required
@require_POST
def notice_read(request: HttpRequest) -> HttpResponse:
    """Mark one's notices read: the named one (`id`), or all."""
    word = request.POST.get("id", "")
    chosen = row_id(word)
    if word and chosen is None:
        sentence = _("提醒编号须是数字。")
        raise InvalidInput(sentence, fields={"id": [sentence]})
    notices.mark_read(actor=request.user, ids=None if chosen is None else [chosen])
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return JsonResponse({"count": notices.unread_count(request.user)})
    return redirect("notice_list")


@login_required
@require_GET
def colleagues(request: HttpRequest, number: str) -> JsonResponse:
    """Who can be named in a note on this ticket: name, what to type, pinyin initials."""
    people = watching.colleagues(ticket_or_404(request, number))
    names = [person.name for person in people]
    found = [
        {
            "name": person.name,
            "word": person.name if names.count(person.name) == 1 else person.username,
            "username": person.username,
            "initials": pinyin_initials(person.name).lower(),
        }
        for person in people
        if person.pk != request.user.pk
    ]
    return JsonResponse({"results": found})
