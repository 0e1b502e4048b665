"""Which messages to customers, parcels, recalls and disruptions."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

from customers.outreach_choices import PENDING


def seen_customers(user: Any, path: str) -> Exists:
    """Whether `user` may see the customer at `path` of the outer row."""
    visible = apps.get_model("customers", "Customer").objects.visible_to(user)
    return Exists(visible.filter(pk=OuterRef(path)))


class OutreachQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Messages to customers whom `user` may see."""
        if not user.has_perm("customers.view_outreach"):
            return self.none()
        return self.filter(seen_customers(user, "customer_id"))

    def about(self, subject_type: str, subject_id: int) -> Self:
        return self.filter(subject_type=subject_type, subject_id=subject_id)

    def pending(self) -> Self:
        """What has not left yet and can be taken back."""
        return self.filter(status__in=PENDING)
