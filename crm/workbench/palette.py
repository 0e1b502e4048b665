"""What the command palette finds on the server: tickets by number, customers, views, scripts."""

from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.language import pinyin_initials
from core.wording import explained
from crm.staff.models import User
from crm.workbench.desk import VIEWS
from crm.workbench.saved_views import selecting
from customers.models import Customer
from scripts_library.suggestion import search_scripts
from tickets.models import Ticket

OF_A_KIND = 5
#: Shorter numbers fit too many tickets.
DIGITS = 4
LONGEST = 100


@dataclass(frozen=True)
class Found:
    label: str
    icon: str
    href: str


def tickets(query: str, user: User) -> list[Found]:
    """By number, or the beginning of one."""
    if not (query.isascii() and query.isdigit() and len(query) >= DIGITS):
        return []
    rows = Ticket.objects.visible_to(user).filter(number__startswith=query).order_by("-number")
    return [
        Found(explained(number, subject), "ticket", reverse("ticket_page", args=[number]))
        for number, subject in rows.values_list("number", "subject")[:OF_A_KIND]
    ]


def customers(query: str, user: User) -> list[Found]:
    """By name, initials, phone or account, as the customer list finds them."""
    if not user.has_perm("customers.view_customer"):
        return []
    rows = Customer.objects.visible_to(user).search(query).order_by("-pk")[:OF_A_KIND]
    word = _("客户")
    return [Found(explained(word, row), "user", reverse("customers:detail", args=[row.pk])) for row in rows]


def views(query: str, user: User) -> list[Found]:
    """Views of the desk by name or pinyin initials, those that people made among them."""
    named = [(str(view.label), view.icon, key) for key, view in VIEWS.items()]
    named += [(view.name, "filter", f"saved-{view.pk}") for view in selecting.views_of(user)]
    wanted, word, desk = query.lower(), _("视图"), reverse("workbench")
    return [
        Found(explained(word, name), icon, f"{desk}?view={key}")
        for name, icon, key in named
        if wanted in name.lower() or wanted in pinyin_initials(name).lower()
    ][:OF_A_KIND]


def scripts(query: str, user: User) -> list[Found]:
    """Reply scripts by code, title, words or pinyin."""
    if not user.has_perm("scripts_library.view_scripttemplate"):
        return []
    hits = search_scripts(query, limit=OF_A_KIND)
    word = _("话术")
    return [
        Found(explained(word, hit.title), "message-2", reverse("script_detail", args=[hit.script_id])) for hit in hits
    ]


@login_required
@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """What fits the words typed. `scripts=0` leaves the scripts to a page that can put them into a reply."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    found: list[Found] = []
    if query and request.user.has_perm("tickets.view_ticket"):
        found = [*tickets(query, request.user), *views(query, request.user), *customers(query, request.user)]
        if request.GET.get("scripts") != "0":
            found += scripts(query, request.user)
    results: list[dict[str, Any]] = [asdict(one) for one in found]
    return JsonResponse({"results": results})
