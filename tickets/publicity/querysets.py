"""Which posts, and who sees them: what stands in public is no secret, the complaints behind it are."""

from typing import Any

from django.db import models

from tickets.querysets import sight


class PublicPostQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "PublicPostQuerySet":
        """Everybody with the right sees every post: anybody can read it where it stands."""
        if not user.is_active or not user.has_perm("tickets.view_publicpost"):
            return self.none()
        return self.all()

    def for_list(self) -> "PublicPostQuerySet":
        return self.select_related("recorded_by")


class PostLinkQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "PostLinkQuerySet":
        """Links of the tickets one may see."""
        if not user.is_active or not user.has_perm("tickets.view_publicpost"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def standing(self) -> "PostLinkQuerySet":
        """Those that were not taken back."""
        return self.filter(unlinked_at=None)

    def for_list(self) -> "PostLinkQuerySet":
        return self.select_related("post", "ticket", "linked_by", "unlinked_by").defer("ticket__search")


class TicketReachQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "TicketReachQuerySet":
        """Of the tickets one may see."""
        if not user.is_active or not user.has_perm("tickets.view_ticketreach"):
            return self.none()
        return self.filter(sight(user, "ticket__"))
