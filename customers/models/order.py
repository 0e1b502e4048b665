"""What customers bought."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.privacy import BlindIndexField, EncryptedRow, EncryptedTextField
from customers.choices import OrderStatus
from customers.querysets import OrderQuerySet


class Order(EncryptedRow):
    """An order of one shop. Money is CNY to the cent."""

    order_no = models.CharField(_("订单号"), max_length=100)
    shop = models.ForeignKey("customers.Shop", verbose_name=_("店铺"), on_delete=models.PROTECT, related_name="orders")
    customer = models.ForeignKey(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.PROTECT, related_name="orders"
    )
    status = models.CharField(_("状态"), max_length=20, choices=OrderStatus.choices, default=OrderStatus.CREATED)
    ordered_at = models.DateTimeField(_("下单时间"))
    paid_at = models.DateTimeField(_("付款时间"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("发货时间"), null=True, blank=True)
    signed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    total = models.DecimalField(_("订单金额"), max_digits=12, decimal_places=2)
    paid = models.DecimalField(_("实付金额"), max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(_("币种"), max_length=3, default="CNY")
    receiver_name = EncryptedTextField(_("收货人"), blank=True, default="")
    receiver_phone = EncryptedTextField(_("收货电话"), blank=True, default="")
    receiver_phone_index = BlindIndexField(source="receiver_phone", label="phone", db_index=True)
    receiver_address = EncryptedTextField(_("收货地址"), blank=True, default="")
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("订单")
        verbose_name_plural = pgettext_lazy("many", "订单")
        ordering = ["-id"]
        permissions = [("export_order", _("可导出订单和包裹"))]
        constraints = [
            models.UniqueConstraint(fields=["shop", "order_no"], name="order_no_once_per_shop"),
            models.CheckConstraint(
                name="order_money_not_negative", condition=models.Q(total__gte=0) & models.Q(paid__gte=0)
            ),
        ]
        indexes = [
            models.Index(fields=["order_no"], name="order_no"),
            models.Index(fields=["customer", "-ordered_at"], name="order_of_customer"),
        ]

    def __str__(self) -> str:
        return self.order_no


class OrderItem(models.Model):
    order = models.ForeignKey(Order, verbose_name=_("订单"), on_delete=models.CASCADE, related_name="items")
    sku = models.CharField(_("商品编码"), max_length=100)
    name = models.CharField(_("商品名称"), max_length=200, blank=True)
    quantity = models.PositiveIntegerField(_("数量"), default=1)
    price = models.DecimalField(_("单价"), max_digits=12, decimal_places=2)
    batch = models.CharField(_("批次"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("订单商品")
        verbose_name_plural = pgettext_lazy("many", "订单商品")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="order_item_quantity_positive", condition=models.Q(quantity__gt=0)),
            models.CheckConstraint(name="order_item_price_not_negative", condition=models.Q(price__gte=0)),
        ]
        indexes = [models.Index(fields=["sku", "batch"], name="order_item_sku_batch")]

    def __str__(self) -> str:
        return f"{self.name or self.sku} × {self.quantity}"
