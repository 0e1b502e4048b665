"""Which grades and escalations, and who sees them: those of the tickets one sees."""

from typing import Any

from django.db import models

from tickets.querysets import sight


class GradeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "GradeQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user, "ticket__"))


class EscalationQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "EscalationQuerySet":
        if not user.is_active or not user.has_perm("tickets.view_ticket"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def active(self) -> "EscalationQuerySet":
        return self.filter(ended_at=None)

    def for_list(self) -> "EscalationQuerySet":
        return self.select_related("ticket", "trigger", "actor", "taken_by", "ended_by", "approval").defer(
            "ticket__search"
        )
