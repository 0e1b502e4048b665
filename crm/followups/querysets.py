"""Which visits and surveys: by sight, by state."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from crm.followups.choices import VisitStatus
from customers.models import Customer
from tickets.models import Ticket

if TYPE_CHECKING:
    from crm.staff.models import User


class FollowUpVisitQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "FollowUpVisitQuerySet":
        """Visits of tickets the user may see, their own, and those without ticket of customers they may see."""
        if not user.is_active or not user.has_perm("followups.view_followupvisit"):
            return self.none()
        if user.sees_everything:
            return self.all()
        tickets = Ticket.objects.visible_to(user).values("pk")
        customers = Customer.objects.visible_to(user).values("pk")
        return self.filter(
            Q(ticket__in=tickets) | Q(assignee=user) | Q(ticket=None, assignee=None, customer__in=customers)
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
        if user.sees_everything:
            return self.all()
        return self.filter(ticket__in=Ticket.objects.visible_to(user).values("pk"))

    def answered(self) -> "SurveyInvitationQuerySet":
        return self.filter(answered_at__isnull=False)
