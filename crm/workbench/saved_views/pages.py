"""Saving the sentence of the ticket list as a view, changing and removing one: forms of the ticket list."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from crm.staff.models import Team, User
from crm.staff.person import person_of
from crm.workbench.chips import values_of
from crm.workbench.models import SavedView
from crm.workbench.models.saved_view import Order
from crm.workbench.saved_views.fields import ME
from crm.workbench.saved_views.services import remove_view, save_view
from crm.workbench.sentence import chips_for

_PLAIN = ("type", "priority", "queue", "channel")


def condition_of(chosen: dict[str, str], *, within: Any = None) -> dict[str, Any]:
    """What the sentence of the list says, as a rule; `within` is the rule of the view it was narrowed from."""
    parts: list[Any] = [within] if within else []
    status = chosen["status"]
    if status not in ("", "unfinished"):
        parts.append({"field": "status", "op": "eq", "value": status})
    elif not status and not within:
        parts.append({"field": "status", "op": "is_set"})
    parts += [{"field": name, "op": "eq", "value": chosen[name]} for name in _PLAIN if chosen[name]]
    parts += _assignee(chosen["assignee"])
    if chosen["overdue"]:
        word = "overdue" if chosen["overdue"] == "true" else "soon"
        parts.append({"field": "due", "op": "contains", "value": word})
    return {"all": parts}


def _assignee(value: str) -> list[dict[str, Any]]:
    if value == "none":
        return [{"field": "assignee", "op": "is_empty"}]
    if value and value != ME:
        person = User.objects.filter(pk=int(value)).first()
        value = person.username if person else ""
    return [{"field": "assignee", "op": "eq", "value": value}] if value else []


def order_of(chosen: dict[str, str]) -> str:
    """The order of the list in the words of a view."""
    return chosen["order"] or Order.NEWEST


def view_or_404(request: HttpRequest, pk: int) -> SavedView:
    view: SavedView | None = SavedView.objects.visible_to(person_of(request)).filter(pk=pk).first()
    if view is None:
        raise Http404(_("没有这个视图，或它没有共享给您。"))
    return view


def _values(request: HttpRequest) -> dict[str, Any]:
    """What the form says of name, columns and sharing. Team: one the person may share with, else none."""
    team = request.POST.get("team", "")
    teams = Team.objects.visible_to(person_of(request))
    return {
        "name": request.POST.get("name", "").replace("\x00", "")[:40],
        "columns": request.POST.getlist("columns"),
        "sharing": request.POST.get("sharing") or "private",
        "team": teams.filter(pk=int(team)).first() if team.isdigit() and len(team) < 19 else None,
    }


def _saved(request: HttpRequest, view: SavedView | None, values: dict[str, Any], back: str) -> HttpResponse:
    try:
        found = save_view(view=view, actor=person_of(request), values=values)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(back)
    messages.success(request, _("视图“%(name)s”已保存。") % {"name": found.name})
    return redirect(f"{reverse('ticket_list')}?saved={found.pk}")


@login_required
@permission_required("workbench.add_savedview", raise_exception=True)
@require_POST
def view_new(request: HttpRequest) -> HttpResponse:
    """Keep the list as it stands (the query of the address) under a name."""
    within = request.GET.get("saved", "")
    base = view_or_404(request, int(within)) if within.isdigit() and len(within) < 19 else None
    chosen = values_of(chips_for(request, base))
    values = _values(request) | {
        "condition": condition_of(chosen, within=base.condition if base else None),
        "order": base.order if base and not chosen["order"] else order_of(chosen),
    }
    return _saved(request, None, values, f"{reverse('ticket_list')}?{request.GET.urlencode()}")


@login_required
@permission_required("workbench.change_savedview", raise_exception=True)
@require_POST
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, other columns, other people."""
    view = view_or_404(request, pk)
    return _saved(request, view, _values(request), f"{reverse('ticket_list')}?saved={pk}")


@login_required
@permission_required("workbench.delete_savedview", raise_exception=True)
@require_POST
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the view away."""
    view = view_or_404(request, pk)
    try:
        remove_view(view=view, actor=person_of(request))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('ticket_list')}?saved={pk}")
    messages.success(request, _("视图“%(name)s”已删除。") % {"name": view.name})
    return redirect("ticket_list")
