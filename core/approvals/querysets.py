from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from core import clock
from core.approvals import registry


class ApprovalRequestQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "ApprovalRequestQuerySet":
        """Requests about what the person may see, their own, and those of people they stand in for."""
        if not user.is_active or not user.has_perm("core.view_approvalrequest"):
            return self.none()
        if user.sees_everything:
            return self.all()
        condition = Q(requester=user)
        for person in [user, *absent_people(user)]:
            for kind in registry.kinds.values():
                condition |= Q(kind=kind.key) & kind.sight(person)
        return self.filter(condition)

    def pending(self) -> "ApprovalRequestQuerySet":
        return self.filter(state="pending")

    def decidable_by(self, user: Any) -> "ApprovalRequestQuerySet":
        """Pending ones that wait for the person: of kinds they (or whom they stand in for) may decide."""
        people = [user, *absent_people(user)]
        keys = [kind.key for kind in registry.kinds.values() if any(p.has_perm(kind.codename) for p in people)]
        return self.pending().filter(kind__in=keys).exclude(requester=user)


class SubstitutionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "SubstitutionQuerySet":
        """Those in which the person stands in or is stood in for; admins and auditors see all."""
        return self if user.sees_everything else self.filter(Q(person=user) | Q(substitute=user))

    def to_come(self) -> "SubstitutionQuerySet":
        """Running now, or later."""
        return self.filter(ends_at__gt=clock.now())


def absent_people(user: Any) -> list[Any]:
    """Whom the person stands in for now. One query, kept on the instance."""
    if not hasattr(user, "_absent_people"):
        now = clock.now()
        rows = apps.get_model("core", "Substitution").objects.filter(
            substitute=user, starts_at__lte=now, ends_at__gt=now
        )
        user._absent_people = [row.person for row in rows.select_related("person") if row.person.is_active]
    found: list[Any] = user._absent_people
    return found
