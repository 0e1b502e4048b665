"""Customers in the admin: an entry point that calls the services. Personal data is masked here as well."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from core.admin_bases import KeptAdmin, ReadOnlyAdmin, condition_field
from core.conditions import ConditionError
from core.errors import DomainError
from core.privacy.masks import mask_address, mask_email, mask_name, mask_phone
from customers import recall_admin, services, shipment_admin, value_admin  # noqa: F401 (register their pages)
from customers.choices import TagKind
from customers.models import (
    Customer,
    CustomerIdentity,
    CustomerMerge,
    CustomerTag,
    Order,
    OrderItem,
    Shop,
    Tag,
    TagGroup,
)
from customers.rules import CUSTOMER_FIELDS
from customers.services.rule_tags import check_rule


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class IdentityInline(ReadOnlyInline):
    model = CustomerIdentity
    fields = ("platform", "external_id", "is_verified", "created_at")
    readonly_fields = fields


class CustomerTagInline(ReadOnlyInline):
    model = CustomerTag
    fields = ("tag", "reason", "added_at", "expires_at", "removed_at")
    readonly_fields = fields


@admin.register(Customer)
class CustomerAdmin(KeptAdmin):
    list_display = ("shown_name", "shown_phone", "level", "important", "is_anonymous", "created_at")
    list_filter = ("important", "is_anonymous", "level")
    search_fields = ("name",)
    search_help_text = _("姓名、拼音首字母、手机号或后四位、邮箱、订单号、平台账号")
    fields = (
        "name",
        "shown_phone",
        "shown_email",
        "shown_address",
        "level",
        ("important", "important_until"),
        "do_not_contact_at",
        "do_not_contact_reason",
        "notes",
        "preferences",
        "merged_into",
        ("phone_verified_at", "email_verified_at"),
        ("created_at", "updated_at"),
    )
    readonly_fields = (
        "shown_phone",
        "shown_email",
        "shown_address",
        "do_not_contact_at",
        "merged_into",
        "phone_verified_at",
        "email_verified_at",
        "created_at",
        "updated_at",
    )
    inlines = (IdentityInline, CustomerTagInline)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.search(search_term), False  # type: ignore[attr-defined]

    @display(description=_("姓名"))
    def shown_name(self, customer: Customer) -> str:
        return str(customer)

    @display(description=_("手机号"))
    def shown_phone(self, customer: Customer) -> str:
        return mask_phone(customer.phone) if customer.phone else "—"

    @display(description=_("电子邮箱"))
    def shown_email(self, customer: Customer) -> str:
        return mask_email(customer.email) if customer.email else "—"

    @display(description=_("地址"))
    def shown_address(self, customer: Customer) -> str:
        return mask_address(customer.address) if customer.address else "—"

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        if change:
            saved = services.update_customer(customer=obj, actor=request.user, changes=changes)  # type: ignore[arg-type]
        else:
            saved = services.create_customer(actor=request.user, changes=changes)  # type: ignore[arg-type]
        obj.__dict__.update(saved.__dict__)


@admin.register(TagGroup)
class TagGroupAdmin(KeptAdmin):
    list_display = ("name", "is_exclusive")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: TagGroup, form: Any, change: bool) -> None:
        group = TagGroup.objects.get(pk=obj.pk) if change else None
        saved = services.save_tag_group(group=group, actor=request.user, name=obj.name, is_exclusive=obj.is_exclusive)
        obj.__dict__.update(saved.__dict__)


class TagForm(forms.ModelForm):
    condition = condition_field(CUSTOMER_FIELDS, label=_("规则"))

    class Meta:
        model = Tag
        fields = ("name", "group", "kind", "condition", "colour", "is_active")

    def clean(self) -> dict[str, Any]:
        """A rule is checked before it is saved, against circles too."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == TagKind.RULE and "name" in cleaned:
            try:
                check_rule(condition=cleaned.get("condition") or {}, tag=Tag(name=cleaned["name"]))
            except ConditionError as error:
                self.add_error("condition", error.sentences)
            except DomainError as error:
                self.add_error("condition", error.message)
        return cleaned


@admin.register(Tag)
class TagAdmin(KeptAdmin):
    form = TagForm
    list_display = ("name", "group", "kind", "is_active", "applied_at")
    list_filter = ("kind", "group", "is_active")
    list_select_related = ("group",)
    search_fields = ("name",)
    readonly_fields = ("applied_at", "preview")
    actions = ("apply_rules",)

    @display(description=_("规则预览"))
    def preview(self, tag: Tag) -> str:
        if tag.pk is None or tag.kind != TagKind.RULE:
            return "—"
        found = services.preview_rule(condition=tag.condition, tag=tag)
        words = _("%(sentence)s：符合 %(count)s 位客户，将加入 %(joining)s 位，移出 %(leaving)s 位")
        return words % {
            "sentence": found.sentence,
            "count": found.count,
            "joining": found.joining,
            "leaving": found.leaving,
        }

    @admin.action(description=_("执行规则"), permissions=["change"])
    def apply_rules(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        for tag in queryset.filter(kind=TagKind.RULE):
            done = services.apply_rule_tag(tag=tag, actor=request.user)
            messages.success(
                request,
                _("“%(tag)s”：加入 %(added)s 位，移出 %(removed)s 位。")
                % {"tag": tag.name, "added": done.added, "removed": done.removed},
            )

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        tag = Tag.objects.get(pk=obj.pk) if change else None
        saved = services.save_tag(tag=tag, actor=request.user, changes=form.cleaned_data)
        obj.__dict__.update(saved.__dict__)


@admin.register(Shop)
class ShopAdmin(KeptAdmin):
    list_display = ("name", "key", "platform", "is_active")
    list_filter = ("platform", "is_active")
    search_fields = ("name", "key")

    def save_model(self, request: HttpRequest, obj: Shop, form: Any, change: bool) -> None:
        shop = Shop.objects.get(pk=obj.pk) if change else None
        saved = services.save_shop(shop=shop, actor=request.user, changes=form.cleaned_data)
        obj.__dict__.update(saved.__dict__)


class OrderItemInline(ReadOnlyInline):
    model = OrderItem
    fields = ("sku", "name", "quantity", "price", "batch")
    readonly_fields = fields


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("order_no", "shop", "status", "paid", "ordered_at")
    list_filter = ("status", "shop")
    list_select_related = ("shop",)
    search_fields = ("order_no__exact",)
    fields = (
        "order_no",
        "shop",
        "customer",
        "status",
        ("total", "paid", "currency"),
        ("ordered_at", "paid_at", "shipped_at", "signed_at"),
        "shown_receiver",
    )
    inlines = (OrderItemInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("shown_receiver",)

    @display(description=_("收货人"))
    def shown_receiver(self, order: Order) -> str:
        parts = (
            mask_name(order.receiver_name) if order.receiver_name else "",
            mask_phone(order.receiver_phone) if order.receiver_phone else "",
            mask_address(order.receiver_address) if order.receiver_address else "",
        )
        return " ".join(filter(None, parts)) or "—"


@admin.register(CustomerMerge)
class CustomerMergeAdmin(ReadOnlyAdmin):
    seen_through = ("target",)
    list_display = ("source", "target", "actor", "merged_at", "undone_at")
    list_select_related = ("source", "target", "actor")
    fields = ("source", "target", "actor", "merged_at", "undone_at")
