"""Which parcels and which of their troubles."""

from typing import Any, Self

from django.db import models

from customers.outreach_querysets import seen_customers
from customers.shipment_choices import FINAL_STAGES, ExceptionStatus


class ShipmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Parcels of customers whom `user` may see."""
        if not user.has_perm("customers.view_shipment"):
            return self.none()
        return self.filter(seen_customers(user, "order__customer_id"))

    def moving(self) -> Self:
        """Parcels of which more is expected."""
        return self.exclude(stage__in=FINAL_STAGES)


class ShipmentExceptionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Troubles of parcels of customers whom `user` may see."""
        if not user.has_perm("customers.view_shipmentexception"):
            return self.none()
        return self.filter(seen_customers(user, "shipment__order__customer_id"))

    def open(self) -> Self:
        return self.exclude(status=ExceptionStatus.RESOLVED)

    def for_list(self) -> Self:
        """With what a row shows, in one statement."""
        return self.select_related("shipment__order__customer", "shipment__carrier", "outreach", "assignee")
