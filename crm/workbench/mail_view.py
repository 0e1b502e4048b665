"""The frame in which a mail is shown: sandboxed, without scripts, fetching nothing unless asked to."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.models import Ticket, TicketMessage
from tickets.services import originals

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:{images}; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


@login_required
@require_GET
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail behind a message as its sender saw it; `?images=1` fetches its pictures, too."""
    rows = TicketMessage.objects.select_related("ticket__channel", "ticket__inbound")
    message = rows.filter(pk=pk, ticket__in=Ticket.objects.visible_to(request.user)).first()
    if message is None:
        raise Http404
    remote = request.GET.get("images") == "1"
    shown = originals.shown_mail(message=message, actor=request.user, remote=remote)
    answer = render(request, "workbench/mail.html", {"shown": shown})
    answer["Content-Security-Policy"] = _POLICY.format(images=" https: http:" if remote else "")
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "no-store"
    return answer
