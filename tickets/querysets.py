"""Which tickets: by sight, by state, by time."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from core import search
from core.language import tsquery_text
from core.text import row_id
from tickets.choices import OPEN_STATUSES, TicketStatus

if TYPE_CHECKING:
    from crm.staff.models import User

#: Longer than any id in use, so that the two cannot be confused.
NUMBER_LENGTH = 14

NO_LIMIT = 2**31 - 1


def sight(user: "User", prefix: str = "") -> Q:
    """What a user may see of tickets, as a condition on rows that reach their ticket by `prefix` ("ticket__").

    It is judged row by row on the joined ticket: `ticket__in=` a subquery, joined to something else by OR,
    makes PostgreSQL read every ticket there is. Rights are asked by the caller.
    """
    if user.sees_everything:
        return Q()
    watched = apps.get_model("tickets", "TicketWatcher")._default_manager.filter(user=user)
    return (
        Q((f"{prefix}queue_id__in", user.queue_ids))
        | Q((f"{prefix}assignee", user))
        | Q((f"{prefix}pk__in", watched.values("ticket_id")))
    )


class TicketQuerySet(models.QuerySet[Any]):
    """Tickets, named by what people ask for."""

    def visible_to(self, user: "User") -> "TicketQuerySet":
        """Tickets of the user's queues, assigned to them, or where they were mentioned or watch.

        Auditors and admins see every ticket (design part 3, "Shops, teams and sight").
        """
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user))

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
        if words and search.is_common(self.model, "search", words):
            return self.filter(condition | search.by_reading("search", words))
        if words:
            condition |= search.by_index("search", words)
        found = self.model._default_manager.filter(condition).order_by()
        # The limit only keeps PostgreSQL from reading the whole list instead of the few rows of the index.
        return self.filter(pk__in=found.values("pk")[:NO_LIMIT])

    def named(self, word: str) -> "TicketQuerySet":
        """The ticket of that id or number; nothing for a word that can be neither."""
        pk = row_id(word)
        if pk is None:
            return self.none()
        return self.filter(Q(number=word) if len(word) == NUMBER_LENGTH else Q(pk=pk))

    def for_list(self) -> "TicketQuerySet":
        """With what a list row shows, in a constant number of queries."""
        return self.select_related("customer", "queue", "channel", "shop", "assignee").defer("search")


class AttachmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "AttachmentQuerySet":
        """Files of tickets the user may see, and their own uploads not yet sent."""
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.filter(message=None, uploader=user)
        return self.filter(
            (Q(message__isnull=False) & sight(user, "message__ticket__")) | Q(message=None, uploader=user)
        )


class WaitingReplyQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "WaitingReplyQuerySet":
        """Replies that wait on tickets the person sees, whoever wrote them."""
        if not user.is_active or not user.has_perm("tickets.view_ticketmessage"):
            return self.none()
        return self.filter(sight(user, "ticket__"))


class NoticeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "NoticeQuerySet":
        """One's own, whatever one's role."""
        return self.filter(user=user)


class NormBreachQuerySet(models.QuerySet[Any]):
    """Where norms were not met. Lists, board and report all count with `standing().within(...)`."""

    def visible_to(self, user: "User") -> "NormBreachQuerySet":
        """One's own; who judges sees those of their queues; auditors and admins see every one."""
        if not user.is_active or not user.has_perm("tickets.view_normbreach"):
            return self.none()
        if user.sees_everything:
            return self.all()
        if not user.has_perm("tickets.judge_normbreach"):
            return self.filter(assignee=user)
        return self.filter(Q(queue_id__in=user.queue_ids) | Q(assignee=user))

    def standing(self) -> "NormBreachQuerySet":
        """Not withdrawn: what counts."""
        return self.filter(withdrawn_at=None)

    def within(self, start: datetime, end: datetime) -> "NormBreachQuerySet":
        """From `start` up to, and without, `end`."""
        return self.filter(at__gte=start, at__lt=end)

    def counted(self) -> Any:
        """(stage, kind, assignee id, count), in one statement."""
        grouped = self.order_by().values("stage", "kind", "assignee_id").annotate(count=models.Count("pk"))
        return grouped.values_list("stage", "kind", "assignee_id", "count")

    def for_list(self) -> "NormBreachQuerySet":
        return self.select_related(
            "norm", "sla_clock", "aftersales", "queue", "assignee", "marked_by", "withdrawn_by"
        ).defer("sla_clock__warn_at", "sla_clock__warned_at", "aftersales__note", "aftersales__eligibility")


class CompensationQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "CompensationQuerySet":
        """Compensations of tickets the user may see; those of a disruption's plan for whoever may apply one."""
        if not user.is_active or not user.has_perm("tickets.view_compensation"):
            return self.none()
        if user.sees_everything:
            return self.all()
        seen = sight(user, "ticket__") & Q(ticket__isnull=False)
        return self.filter(seen | Q(ticket=None) if user.has_perm("customers.start_disruption") else seen)

    def for_list(self) -> "CompensationQuerySet":
        """With what a row shows."""
        return self.select_related(
            "ticket",
            "granted_by",
            "paid_by",
            "approval__decider",
            "disruption_order__order",
        )


class ChatQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "ChatQuerySet":
        """Conversations of tickets the user may see."""
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user, "ticket__"), ticket__isnull=False)


class TransferQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "TransferQuerySet":
        """Transfers of the tickets the person sees."""
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def done(self) -> "TransferQuerySet":
        return self.filter(state="done")

    def defects(self) -> "TransferQuerySet":
        """The third transfer of a ticket and every later one."""
        return self.done().filter(number__gte=3)
