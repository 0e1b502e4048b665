"""Which demands and negotiations, and who sees them: those of the tickets one sees."""

from typing import Any, Self

from django.db import models

from tickets.querysets import sight


class OfTickets(models.QuerySet[Any]):
    """Rows that hang on a ticket by `prefix`; `right` is the codename to look at them."""

    prefix, right = "ticket__", "tickets.view_negotiation"

    def visible_to(self, user: Any) -> Self:
        if not user.is_active or not user.has_perm(self.right):
            return self.none()
        return self.filter(sight(user, self.prefix))


class NegotiationQuerySet(OfTickets):
    def open(self) -> "NegotiationQuerySet":
        return self.filter(state="open")

    def for_list(self) -> "NegotiationQuerySet":
        """With what a row shows."""
        rows = self.select_related("ticket", "version__item", "opened_by", "ended_by", "compensation")
        return rows.defer("ticket__search").prefetch_related(
            "offers__offered_by", "offers__answered_by", "offers__approval"
        )


class OfferQuerySet(OfTickets):
    prefix = "negotiation__ticket__"
