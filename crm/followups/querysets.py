"""Which visits and surveys: by sight, by state."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.followups.choices import VisitStatus
from customers.models import Customer
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User


class FollowUpVisitQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "FollowUpVisitQuerySet":
        """Visits of tickets the user may see, their own, and those without ticket of customers they may see."""
        if not user.is_active or not user.has_perm("followups.view_followupvisit"):
            return self.none()
        if user.sees_everything:
            return self.all()
        customers = Customer.objects.visible_to(user).filter(pk=OuterRef("customer_id"))
        return self.filter(
            (Q(ticket__isnull=False) & sight(user, "ticket__"))
            | Q(assignee=user)
            | (Q(ticket=None, assignee=None) & Exists(customers))
        )

    def planned(self) -> "FollowUpVisitQuerySet":
        return self.filter(status=VisitStatus.PLANNED)

    def due_before(self, moment: datetime) -> "FollowUpVisitQuerySet":
        return self.planned().filter(due_at__lt=moment)


class SurveyInvitationQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "SurveyInvitationQuerySet":
        """Surveys of tickets the user may see."""
        if not user.is_active or not user.has_perm("followups.view_surveyinvitation"):
            return self.none()
        return self.filter(sight(user, "ticket__"))

    def answered(self) -> "SurveyInvitationQuerySet":
        return self.filter(answered_at__isnull=False)
