"""Which recalls and disruptions, and which orders of them."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from customers.outreach_choices import OutreachStatus
from customers.outreach_querysets import seen_customers


class RecallQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """A recall or a disruption concerns the house: whoever may look at them sees them all, but not every order."""
        name = self.model._meta.model_name
        return self.all() if user.has_perm(f"customers.view_{name}") else self.none()


class RecallOrderQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Orders of customers whom `user` may see."""
        if not user.has_perm("customers.view_recall"):
            return self.none()
        return self.filter(seen_customers(user, "order__customer_id"))

    def with_notices(self) -> Self:
        """With what became of the notices: is_notified (left the house), is_spoken (somebody spoke with them),
        is_undelivered (one came back or could not be delivered)."""
        told = apps.get_model("customers", "Outreach").objects.filter(
            subject_type="recall", subject_id=OuterRef("recall_id"), customer=OuterRef("order__customer_id")
        )
        left = (OutreachStatus.SENT, OutreachStatus.REACHED, OutreachStatus.DRILL)
        return self.annotate(
            is_notified=Exists(told.filter(status__in=left)),
            is_spoken=Exists(told.filter(status=OutreachStatus.REACHED)),
            is_undelivered=Exists(told.filter(status=OutreachStatus.FAILED)),
        )

    def with_calls(self) -> Self:
        """With `call_id`: the contact by hand that waits for somebody."""
        told = apps.get_model("customers", "Outreach").objects.filter(
            subject_type="recall", subject_id=OuterRef("recall_id"), customer=OuterRef("order__customer_id")
        )
        return self.annotate(call_id=Subquery(told.filter(status=OutreachStatus.BY_HAND).values("pk")[:1]))

    def reached(self) -> Self:
        """With `with_notices`: spoken to, answered, or already past that."""
        return self.filter(
            Q(is_spoken=True)
            | Q(reached_at__isnull=False)
            | Q(returned_at__isnull=False)
            | Q(remedied_at__isnull=False)
        )


class DisruptionOrderQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Orders of customers whom `user` may see."""
        if not user.has_perm("customers.view_disruption"):
            return self.none()
        return self.filter(seen_customers(user, "order__customer_id"))
