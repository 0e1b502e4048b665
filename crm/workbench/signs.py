"""Signs of life on the desk: who is looking, who is typing, what is unread."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import presence
from core.errors import InvalidInput
from core.redis import publish_passing
from crm.staff.models import User
from crm.workbench.access import ticket_or_404
from tickets.models import Ticket
from tickets.services import reading

PRESENCE_CHANGED = "presence.changed"


def subject_of(ticket_id: int) -> str:
    return f"ticket:{ticket_id}"


def mark_rows(rows: Sequence[Ticket], user: User) -> None:
    """Put `is_unread` and `present` (others than the user) on each row: one statement, one look into Redis."""
    unread = reading.unread_among(rows, user)
    people = presence.present([subject_of(row.pk) for row in rows])
    for row in rows:
        row.is_unread = row.pk in unread  # type: ignore[attr-defined]
        row.present = [one for one in people.get(subject_of(row.pk), []) if one.id != user.pk]  # type: ignore[attr-defined]


def people_at(ticket: Ticket, user: User) -> list[presence.Present]:
    """Who else has the ticket open."""
    return [one for one in presence.present([subject_of(ticket.pk)])[subject_of(ticket.pk)] if one.id != user.pk]


@login_required
@require_POST
def here(request: HttpRequest, number: str) -> JsonResponse:
    """A page says what its person does with the ticket; answers who else is there. `read` marks it read."""
    ticket = ticket_or_404(request, number)
    state = request.POST.get("state", "")
    if state not in presence.STATES:
        sentence = _("没有这种状态：%(state)s。") % {"state": state[:20]}
        raise InvalidInput(sentence, fields={"state": [sentence]})
    person = presence.Present(request.user.pk, request.user.name, state)
    if presence.say(subject=subject_of(ticket.pk), person=person):
        publish_passing(
            kind=PRESENCE_CHANGED,
            subject_type="ticket",
            subject_id=ticket.pk,
            audience=ticket.audience,
            data={"ticket": ticket.pk, **person.as_dict()},
        )
    if request.POST.get("read"):
        reading.mark_seen(ticket=ticket, actor=request.user)
    return JsonResponse({"people": [one.as_dict() for one in people_at(ticket, request.user)]})
