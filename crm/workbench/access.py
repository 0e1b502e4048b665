"""The first line of every view of the desk: may this person be here at all?"""

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from core.errors import NotAllowed
from tickets.models import Ticket


def ticket_or_404(request: HttpRequest, number: str) -> Ticket:
    """The ticket, if the person may see it; else it does not exist."""
    ticket: Ticket | None = Ticket.objects.visible_to(request.user).for_list().filter(number=number).first()
    if ticket is None:
        raise Http404(_("没有这张工单，或您无权查看。"))
    return ticket


def require(request: HttpRequest, permission: str, sentence: str) -> None:
    """403 with the sentence: a page of its own, or a message over the one that is open."""
    if not request.user.has_perm(permission):
        raise NotAllowed(sentence)
