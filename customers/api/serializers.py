"""Shapes of customers, labels, orders and shops over HTTP. Phone, e-mail and address are always masked."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import CleanCharField, MaskedAddress, MaskedEmail, MaskedName, MaskedPhone, MomentField
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.language import mask_text
from core.privacy.masks import mask_name
from customers.api.standing import ChurnSerializer, ValueSerializer, churn_of, value_of
from customers.choices import OrderStatus, TagColour, TagKind
from customers.models import Customer, CustomerTag, Order, OrderItem, Shop, Tag, TagGroup
from customers.normalisation import check_email, check_phone
from customers.services.merges import CHOOSABLE_FIELDS, SOURCE, TARGET
from customers.services.profiles import MAX_ADDRESS, MAX_NOTES, REVEALABLE_FIELDS
from customers.services.validation import MAX_EXTERNAL_ID, MAX_NAME


class IdentitySerializer(serializers.Serializer):
    platform = serializers.CharField()
    external_id = serializers.CharField()
    is_verified = serializers.BooleanField()


class CustomerSerializer(StrictModelSerializer):
    """客户。手机号、邮箱和地址只以脱敏形式出现。"""

    phone = MaskedPhone()
    email = MaskedEmail()
    address = MaskedAddress()
    phone_verified = serializers.SerializerMethodField()
    email_verified = serializers.SerializerMethodField()
    important = serializers.SerializerMethodField()
    do_not_contact = serializers.SerializerMethodField()
    identities = IdentitySerializer(many=True, read_only=True)
    external_ids = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    merged_into = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)  # type: ignore[var-annotated]
    value = serializers.SerializerMethodField()
    churn = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = [
            "id",
            "name",
            "phone",
            "phone_verified",
            "email",
            "email_verified",
            "address",
            "is_anonymous",
            "important",
            "important_until",
            "do_not_contact",
            "do_not_contact_reason",
            "notes",
            "preferences",
            "level",
            "tags",
            "identities",
            "external_ids",
            "merged_into",
            "value",
            "churn",
            "revision",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_phone_verified(self, customer: Customer) -> bool:
        return customer.phone_verified_at is not None

    def get_email_verified(self, customer: Customer) -> bool:
        return customer.email_verified_at is not None

    def get_important(self, customer: Customer) -> bool:
        return customer.is_important_now()

    def get_do_not_contact(self, customer: Customer) -> bool:
        return customer.do_not_contact_at is not None

    def get_external_ids(self, customer: Customer) -> dict[str, str]:
        return {identity.platform: identity.external_id for identity in reversed(customer.identities.all())}

    def get_tags(self, customer: Customer) -> list[str]:
        return [spell.tag.name for spell in customer.customer_tags.all()]

    @extend_schema_field(ValueSerializer(allow_null=True))
    def get_value(self, customer: Customer) -> dict[str, Any] | None:
        return value_of(customer)

    @extend_schema_field(ChurnSerializer(allow_null=True))
    def get_churn(self, customer: Customer) -> dict[str, Any] | None:
        return churn_of(customer)

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        request = self.context.get("request")
        if request is not None and getattr(request.user, "is_auditor", False):
            shown["name"] = mask_name(instance.name) if instance.name else ""
            shown["notes"] = mask_text(instance.notes)
        return shown


class _ContactMixin:
    def validate_phone(self, value: str) -> str:
        return check_phone(value) if value.strip() else ""

    def validate_email(self, value: str) -> str:
        return check_email(value) if value.strip() else ""


class CustomerUpdateSerializer(_ContactMixin, StrictSerializer):
    name = CleanCharField(max_length=MAX_NAME, required=False, allow_blank=True)
    phone = CleanCharField(max_length=30, required=False, allow_blank=True, help_text=_("11 位手机号"))
    email = CleanCharField(max_length=254, required=False, allow_blank=True)
    address = CleanCharField(max_length=MAX_ADDRESS, required=False, allow_blank=True)
    important = serializers.BooleanField(required=False)
    important_until = MomentField(required=False, allow_null=True)
    do_not_contact = serializers.BooleanField(required=False)
    do_not_contact_reason = CleanCharField(max_length=200, required=False, allow_blank=True)
    notes = CleanCharField(max_length=MAX_NOTES, multiline=True, required=False, allow_blank=True)
    preferences = serializers.DictField(required=False, help_text=_("不超过 50 项的键值"))
    level = CleanCharField(max_length=50, required=False, allow_blank=True)
    revision = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text=_("读取时的修订号；之后有人修改过则为 409。")
    )
    allow_duplicate = serializers.BooleanField(
        required=False, help_text=_("允许两位客户使用同一手机号或邮箱，例如家人。")
    )


class CustomerCreateSerializer(CustomerUpdateSerializer):
    revision = None  # type: ignore[assignment]
    external_ids = serializers.DictField(
        child=CleanCharField(max_length=MAX_EXTERNAL_ID), required=False, help_text=_("平台与平台账号")
    )


class CustomerMergeSerializer(StrictSerializer):
    into = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text=_("保留的客户"))
    choices = serializers.DictField(
        child=serializers.ChoiceField([SOURCE, TARGET]),
        required=False,
        help_text=format_lazy(_("逐个字段选择保留哪一方，可用字段：{fields}"), fields=", ".join(CHOOSABLE_FIELDS)),
    )


class CustomerMergeShownSerializer(serializers.Serializer):
    merge = serializers.IntegerField()


class CustomerUnmergeSerializer(StrictSerializer):
    merge = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class FieldPreviewSerializer(serializers.Serializer):
    field = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    source = serializers.JSONField()  # type: ignore[assignment]
    target = serializers.JSONField()
    keeps = serializers.ChoiceField([SOURCE, TARGET])
    differs = serializers.BooleanField()
    is_choosable = serializers.BooleanField()


class RevealSerializer(StrictSerializer):
    field = serializers.ChoiceField(REVEALABLE_FIELDS)
    reason = CleanCharField(max_length=200)


class RevealedSerializer(serializers.Serializer):
    field = serializers.CharField()
    value = serializers.CharField()


class VerifySerializer(StrictSerializer):
    field = serializers.ChoiceField(["phone", "email"])


class CustomerTagSerializer(serializers.ModelSerializer):
    tag = serializers.CharField(source="tag.name")
    group = serializers.CharField(source="tag.group.name", default=None, allow_null=True)
    added_by = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = CustomerTag
        fields = ["id", "tag", "group", "added_by", "reason", "added_at", "expires_at"]
        read_only_fields = fields


class CustomerTagCreateSerializer(StrictSerializer):
    tag = CleanCharField(max_length=100, help_text=_("标签名"))
    reason = CleanCharField(max_length=200, required=False, allow_blank=True)
    expires_at = MomentField(required=False, allow_null=True)


class TagGroupSerializer(StrictModelSerializer):
    name = CleanCharField(max_length=100)

    class Meta:
        model = TagGroup
        fields = ["id", "name", "is_exclusive"]


class TagSerializer(StrictModelSerializer):
    """标签。规则标签带规则，自动增减。"""

    group = serializers.SlugRelatedField(slug_field="name", read_only=True, allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = Tag
        fields = ["id", "name", "group", "kind", "condition", "colour", "is_active", "applied_at", "created_at"]
        read_only_fields = fields


class TagWriteSerializer(StrictSerializer):
    name = CleanCharField(max_length=100)
    group = CleanCharField(max_length=100, required=False, allow_null=True, help_text=_("标签组的名称"))
    kind = serializers.ChoiceField(TagKind.choices, required=False)
    condition = serializers.JSONField(required=False, help_text=_("规则标签的条件"))
    colour = serializers.ChoiceField(TagColour.choices, required=False)
    is_active = serializers.BooleanField(required=False)


class TagPreviewSerializer(StrictSerializer):
    condition = serializers.JSONField()
    tag = CleanCharField(max_length=100, required=False, help_text=_("正在编辑的标签名，用于检查循环引用"))


class TagPreviewShownSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    sentence = serializers.CharField()
    joining = serializers.IntegerField()
    leaving = serializers.IntegerField()


class OrderItemSerializer(StrictModelSerializer):
    sku = CleanCharField(max_length=100)
    name = CleanCharField(max_length=200, required=False, allow_blank=True)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    price = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)
    batch = CleanCharField(max_length=100, required=False, allow_blank=True)

    class Meta:
        model = OrderItem
        fields = ["id", "sku", "name", "quantity", "price", "batch"]
        read_only_fields = ["id"]


class OrderSerializer(StrictModelSerializer):
    """订单。收货信息只以脱敏形式出现。"""

    shop = serializers.SlugRelatedField(slug_field="key", read_only=True)  # type: ignore[var-annotated]
    customer = serializers.PrimaryKeyRelatedField(read_only=True)  # type: ignore[var-annotated]
    receiver_name = MaskedName()
    receiver_phone = MaskedPhone()
    receiver_address = MaskedAddress()
    items = OrderItemSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = [
            "id",
            "order_no",
            "shop",
            "customer",
            "status",
            "ordered_at",
            "paid_at",
            "shipped_at",
            "signed_at",
            "total",
            "paid",
            "currency",
            "receiver_name",
            "receiver_phone",
            "receiver_address",
            "items",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class OrderCustomerSerializer(_ContactMixin, StrictSerializer):
    """Who ordered, when the customer's id is not known: found or made as for a ticket."""

    name = CleanCharField(max_length=MAX_NAME, required=False, allow_blank=True)
    phone = CleanCharField(max_length=30, required=False, allow_blank=True)
    email = CleanCharField(max_length=254, required=False, allow_blank=True)
    external_ids = serializers.DictField(child=CleanCharField(max_length=MAX_EXTERNAL_ID), required=False)


class OrderUpdateSerializer(StrictSerializer):
    status = serializers.ChoiceField(OrderStatus.choices, required=False)
    ordered_at = MomentField(required=False)
    paid_at = MomentField(required=False, allow_null=True)
    shipped_at = MomentField(required=False, allow_null=True)
    signed_at = MomentField(required=False, allow_null=True)
    total = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False)
    paid = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False)
    receiver_name = CleanCharField(max_length=100, required=False, allow_blank=True)
    receiver_phone = CleanCharField(max_length=30, required=False, allow_blank=True)
    receiver_address = CleanCharField(max_length=MAX_ADDRESS, required=False, allow_blank=True)
    items = OrderItemSerializer(many=True, required=False)

    def validate_receiver_phone(self, value: str) -> str:
        return check_phone(value) if value.strip() else ""


class OrderCreateSerializer(OrderUpdateSerializer):
    order_no = CleanCharField(max_length=100)
    shop = CleanCharField(max_length=100, help_text=_("店铺编码"))
    customer = serializers.JSONField(  # type: ignore[assignment]
        required=False, help_text=_("客户编号，或 name、phone、email、external_ids")
    )

    def validate_customer(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | dict):
            raise serializers.ValidationError(_("请填写客户编号，或客户的姓名、手机号、平台账号。"))
        if isinstance(value, int):
            return value
        given = OrderCustomerSerializer(data=value)
        given.is_valid(raise_exception=True)
        return given.validated_data


class ShopSerializer(StrictModelSerializer):
    key = CleanCharField(max_length=100, help_text=_("字母、数字、点、横线和下划线，以字母或数字开头"))
    name = CleanCharField(max_length=100)

    class Meta:
        model = Shop
        fields = ["id", "key", "name", "platform", "is_active", "created_at"]
        read_only_fields = ["id", "created_at"]
