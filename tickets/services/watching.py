"""Watching a ticket, and being named in a note: who then hears of it."""

import re
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from core.events import record_events
from tickets import events
from tickets.choices import NoticeKind
from tickets.models import Notice, Ticket, TicketWatcher
from tickets.services import notices

if TYPE_CHECKING:
    from crm.staff.models import User

WATCHES = "watch"
MENTIONED = "mention"
#: So many colleagues are offered and looked for at most.
COLLEAGUES = 300


def colleagues(ticket: Ticket) -> list["User"]:
    """Who may see the ticket and can be named on it, by name: its queue's people, its owner, its watchers, admins."""
    people: Any = get_user_model().objects
    watching = TicketWatcher.objects.filter(ticket=ticket).values("user")
    may_see = people.who_see_queue(ticket.queue_id) | people.filter(Q(pk=ticket.assignee_id) | Q(pk__in=watching))
    return list(may_see.filter(is_active=True).exclude(role="auditor").order_by("username")[:COLLEAGUES])


def named_in(text: str, people: list["User"]) -> list["User"]:
    """Who is named as `@username` or `@display name`. A display name that two people bear names nobody."""
    words: dict[str, list[User]] = {}
    for person in people:
        for word in {person.username.lower(), person.name.lower()}:
            words.setdefault(word, []).append(person)
    if not words:
        return []
    # The longest first: @王小明 is not @王小.
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    found = {match[1] for match in re.finditer(f"@({pattern})", text.lower())}
    named = {owners[0].pk: owners[0] for word, owners in words.items() if word in found and len(owners) == 1}
    return list(named.values())


def mention(*, ticket: Ticket, actor: "User", text: str) -> None:
    """Who is named in a note watches the ticket from now on and gets a notice. In the caller's transaction."""
    if "@" not in text:
        return
    named = [person for person in named_in(text, colleagues(ticket)) if person.pk != actor.pk]
    if not named:
        return
    TicketWatcher.objects.bulk_create(
        [TicketWatcher(ticket=ticket, user=person, reason=MENTIONED) for person in named], ignore_conflicts=True
    )
    notices.notify(users=[person.pk for person in named], kind=NoticeKind.MENTIONED, ticket=ticket, actor=actor)


def watch(*, ticket: Ticket, actor: "User") -> None:
    """Hear of new messages of the customer from now on. Asking twice changes nothing."""
    _row, is_new = TicketWatcher.objects.get_or_create(ticket=ticket, user=actor, defaults={"reason": WATCHES})
    if is_new:
        record_events([events.ticket_event(events.WATCHED, ticket, actor)])


def unwatch(*, ticket: Ticket, actor: "User") -> None:
    """Hear no more of it."""
    deleted, _rows = TicketWatcher.objects.filter(ticket=ticket, user=actor).delete()
    if deleted:
        record_events([events.ticket_event(events.UNWATCHED, ticket, actor)])


def customer_wrote(ticket: Ticket) -> None:
    """Watchers hear of it, each once until they have read their notice. In the caller's transaction."""
    watching = set(TicketWatcher.objects.filter(ticket=ticket).values_list("user_id", flat=True))
    if not watching:
        return
    unread = Notice.objects.filter(ticket=ticket, kind=NoticeKind.WATCHED_MESSAGE, read_at=None, user__in=watching)
    told = watching - set(unread.values_list("user_id", flat=True)) - {ticket.assignee_id}
    notices.notify(users=told, kind=NoticeKind.WATCHED_MESSAGE, ticket=ticket)
