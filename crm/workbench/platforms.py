"""The platforms' clocks: on a ticket beside the team's own, on the desk for oneself, on the board for all."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm.workbench.desk import ShownClock
from tickets import channels
from tickets.choices import OPEN_STATUSES
from tickets.models import Ticket
from tickets.services.platform_norms import counting
from tickets.services.platform_norms.standing import next_due, standings

VIEW = "tickets.view_platformnorm"


def clocks_of(ticket: Ticket) -> list[ShownClock]:
    """The platform's deadline for the next reply, and until when the channel takes replies at all.

    Asks the database only where there is such a clock: at most one statement each.
    """
    if ticket.status not in OPEN_STATUSES:
        return []
    found = []
    if counting.has_norms(ticket) and (turn := next_due(ticket.pk)) is not None:
        name = _("%(platform)s考核") % {"platform": turn.norm.get_platform_display()}
        found.append(ShownClock(name, turn.due_at, None, None, paused=False, hint=turn.norm.name))
    channel_type = channels.of(ticket.channel.kind)
    if channel_type.reply_window is not None and (closes_at := channel_type.window_closes_at(ticket)) is not None:
        hours = int(channel_type.reply_window.total_seconds() // 3600)
        hint = _("客户最后一条消息后 %(n)d 小时内可以回复。") % {"n": hours}
        found.append(ShownClock(_("回复窗口"), closes_at, None, None, paused=False, hint=hint))
    return found


@login_required
@permission_required(VIEW, raise_exception=True)
@require_GET
def standing(request: HttpRequest) -> HttpResponse:
    """Where one stands, for the desk; where every shop stands, for the board."""
    found = standings(person=request.user)  # type: ignore[arg-type]
    is_board = request.GET.get("for") == "board"
    if is_board:
        return render(request, "workbench/standing/board.html", {"standings": found})
    own = [row for row in found if row.is_mine]
    return render(request, "workbench/standing/desk.html", {"standings": own or found, "first": (own or found)[:1]})
