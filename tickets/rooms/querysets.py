"""Which rooms, and who sees them: who sees the complaint, and the members."""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from tickets.querysets import sight


def memberships(user: Any) -> Any:
    """A person's standing memberships."""
    return apps.get_model("tickets", "RoomMember")._default_manager.filter(user=user, removed_at=None)


class RoomQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "RoomQuerySet":
        """Rooms of the tickets one may see, and those one is a member of, whatever one's team."""
        if not user.is_active or not user.has_perm("tickets.view_room"):
            return self.none()
        if user.sees_everything:
            return self.all()
        return self.filter(sight(user, "ticket__") | Q(Exists(memberships(user).filter(room=OuterRef("pk")))))

    def of_member(self, user: Any) -> "RoomQuerySet":
        return self.filter(Exists(memberships(user).filter(room=OuterRef("pk"))))

    def open(self) -> "RoomQuerySet":
        return self.filter(closed_at=None)

    def for_list(self) -> "RoomQuerySet":
        return self.select_related("ticket", "opened_by", "closed_by").defer("ticket__search")


class OfRoomsQuerySet(models.QuerySet[Any]):
    """Rows of a room."""

    def visible_to(self, user: Any) -> "OfRoomsQuerySet":
        """Those of the rooms one sees."""
        rooms = apps.get_model("tickets", "Room")._default_manager.all().visible_to(user)
        return self.filter(Exists(rooms.filter(pk=OuterRef("room"))))

    def standing(self) -> "OfRoomsQuerySet":
        """Members and guests that were not taken out."""
        return self.filter(removed_at=None)
