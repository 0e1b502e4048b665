"""Which customers, labels, orders, consents and values."""

from datetime import datetime
from typing import Any, NoReturn, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from core.clock import now
from core.events.models import AppendOnlyError
from customers import names, visibility
from customers.normalisation import InvalidContact, check_phone, email_index, phone_index, phone_tail_index


class CustomerQuerySet(models.QuerySet[Any]):
    def standing(self) -> Self:
        """Records that stand for themselves, not those merged into another."""
        return self.filter(merged_into__isnull=True)

    def visible_to(self, user: Any) -> Self:
        """Standing customers whom `user` may see: by one of their tickets, or because they have none."""
        if not user.has_perm("customers.view_customer"):
            return self.none()
        return self.standing().filter(visibility.condition_for(user))

    def reachable_by(self, user: Any) -> Self:
        """Visible customers and the records merged into them."""
        visible = self.model.objects.visible_to(user)
        return self.filter(Q(pk__in=visible.values("pk")) | Q(merged_into__in=visible.values("pk")))

    def with_phone(self, phone: str) -> Self:
        """Customers with exactly this mobile number; it may carry +86 and spaces."""
        try:
            return self.filter(phone_index=phone_index(check_phone(phone)))
        except InvalidContact:
            return self.none()

    def with_phone_tail(self, tail: str) -> Self:
        """Customers whose mobile number ends in these four digits."""
        return self.filter(phone_tail_index=phone_tail_index(tail))

    def tagged(self, name: str, *, moment: datetime | None = None) -> Self:
        """Customers who carry the label at `moment` (now)."""
        carried = apps.get_model("customers", "CustomerTag").objects.active(moment=moment)
        return self.filter(Exists(carried.filter(customer=OuterRef("pk"), tag__name=name)))

    def important(self, *, moment: datetime | None = None) -> Self:
        """Marked important, and the mark has not run out at `moment` (now)."""
        return self.filter(_important_at(moment or now()))

    def not_important(self, *, moment: datetime | None = None) -> Self:
        """Not marked important, or no longer at `moment` (now)."""
        return self.exclude(_important_at(moment or now()))

    def on_platform(self, platform: str) -> Self:
        """Customers with an account on this platform."""
        accounts = apps.get_model("customers", "CustomerIdentity").objects.filter(platform=platform.lower())
        return self.filter(Exists(accounts.filter(customer=OuterRef("pk"))))

    def for_list(self) -> Self:
        """With what a list row shows, in a constant number of queries."""
        return self.select_related("standing_value__base").prefetch_related(
            "identities",
            Prefetch(
                "customer_tags",
                apps.get_model("customers", "CustomerTag").objects.active().select_related("tag__group"),
            ),
        )

    def search(self, text: str) -> Self:
        """Find by phone (whole or last four), e-mail, order number, platform account, name or its pinyin initials.

        Each sign is looked up in its own index and the finds are joined: one condition over all of them
        would read every row.
        """
        text = text.strip()
        if not text:
            return self
        everybody = self.model.objects.order_by()
        accounts = apps.get_model("customers", "CustomerIdentity").objects.filter(external_id=text).order_by()
        orders = apps.get_model("customers", "Order").objects.filter(order_no=text).order_by()
        finds = [
            accounts.values("customer_id"),
            orders.values("customer_id"),
            everybody.filter(name_grams__contains=names.query_grams(text), name__icontains=text).values("pk"),
            everybody.filter(self._reached_by(text)).values("pk"),
        ]
        if text.isascii() and text.isalpha():
            finds.append(everybody.filter(name_initials__startswith=text.lower()).values("pk"))
        return self.filter(pk__in=finds[0].union(*finds[1:]))

    @staticmethod
    def _reached_by(text: str) -> Q:
        if "@" in text:
            return Q(email_index=email_index(text))
        if len(text) == 4 and text.isascii() and text.isdigit():
            return Q(phone_tail_index=phone_tail_index(text))
        try:
            return Q(phone_index=phone_index(check_phone(text)))
        except InvalidContact:
            return Q(pk__in=())


def _important_at(moment: datetime) -> Q:
    return Q(important=True) & (Q(important_until__isnull=True) | Q(important_until__gt=moment))


class CustomerTagQuerySet(models.QuerySet[Any]):
    def active(self, *, moment: datetime | None = None) -> Self:
        """Labels that hold at `moment` (now); one that expires then holds no longer."""
        at = moment or now()
        return self.filter(
            Q(removed_at__isnull=True) | Q(removed_at__gt=at), Q(expires_at__isnull=True) | Q(expires_at__gt=at)
        )


class OrderQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Orders of customers whom `user` may see."""
        if not user.has_perm("customers.view_order"):
            return self.none()
        visible = apps.get_model("customers", "Customer").objects.visible_to(user)
        return self.filter(customer__in=visible.values("pk"))


class ConsentQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Consent records are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnlyError("Consent records are never deleted.")

    def visible_to(self, user: Any) -> Self:
        """Statements of customers whom `user` may see."""
        if not user.has_perm("customers.view_consentrecord"):
            return self.none()
        visible = apps.get_model("customers", "Customer").objects.visible_to(user)
        return self.filter(customer__in=visible.values("pk"))

    def newest_first(self) -> Self:
        """By when the customer said it; of two at one moment the one noted last."""
        return self.order_by("-at", "-id")


class CustomerValueQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Values of customers whom `user` may see."""
        if not user.has_perm("customers.view_customervalue"):
            return self.none()
        visible = apps.get_model("customers", "Customer").objects.visible_to(user)
        return self.filter(customer__in=visible.values("pk"))
