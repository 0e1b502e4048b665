"""Which tickets: by sight, by state, by time."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models import Q

from core.language import tsquery_text
from tickets.choices import OPEN_STATUSES, TicketStatus

if TYPE_CHECKING:
    from crm.staff.models import User


class TicketQuerySet(models.QuerySet[Any]):
    """Tickets, named by what people ask for."""

    def visible_to(self, user: "User") -> "TicketQuerySet":
        """Tickets of the user's queues, assigned to them, or where they were mentioned or watch.

        Auditors and admins see every ticket (design part 3, "Shops, teams and sight").
        """
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        if user.sees_everything:
            return self.all()
        watched = self.model._meta.get_field("watchers").related_model._default_manager.filter(user=user)
        return self.filter(Q(queue_id__in=user.queue_ids) | Q(assignee=user) | Q(pk__in=watched.values("ticket_id")))

    def open(self) -> "TicketQuerySet":
        return self.filter(status__in=OPEN_STATUSES)

    def waiting(self) -> "TicketQuerySet":
        """Nobody has taken them up yet."""
        return self.filter(status=TicketStatus.NEW)

    def overdue(self, now: datetime) -> "TicketQuerySet":
        """Open, with a running clock past its moment."""
        return self.open().filter(next_due_at__lt=now)

    def due_between(self, start: datetime, end: datetime) -> "TicketQuerySet":
        return self.open().filter(next_due_at__gte=start, next_due_at__lt=end)

    def matching(self, text: str) -> "TicketQuerySet":
        """Tickets whose text, number or order number matches every word of `text`."""
        text = text.strip()
        if not text:
            return self.none()
        condition = Q(number=text) | Q(order_no=text)
        words = tsquery_text(text)
        if words:
            condition |= Q(search=SearchQuery(words, search_type="raw", config="simple"))
        return self.filter(condition)

    def for_list(self) -> "TicketQuerySet":
        """With what a list row shows, in a constant number of queries."""
        return self.select_related("customer", "queue", "channel", "shop", "assignee").defer("search")


class AttachmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "AttachmentQuerySet":
        """Files of tickets the user may see, and their own uploads not yet sent."""
        tickets = self.model._meta.get_field("message").related_model._meta.get_field("ticket").related_model
        return self.filter(Q(message__ticket__in=tickets.objects.visible_to(user)) | Q(message=None, uploader=user))
