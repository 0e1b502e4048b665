"""The person or firm we serve, and the accounts they hold on platforms."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.clock import now
from core.fields import UpdatedAtField
from core.privacy import BlindIndexField, EncryptedRow, EncryptedTextField, WrittenTextField
from customers.choices import ShopPlatform
from customers.fields import NameGramsField, NameInitialsField
from customers.models.tag import CustomerTag, Tag
from customers.normalisation import phone_tail
from customers.querysets import CustomerQuerySet


class Customer(EncryptedRow):
    """A customer. Phone, e-mail and address are stored encrypted and found through keyed hashes."""

    name = models.CharField(_("姓名"), max_length=100, blank=True)
    name_initials = NameInitialsField(_("姓名拼音首字母"), max_length=100, blank=True, editable=False)
    name_grams = NameGramsField(models.CharField(max_length=2), default=list, blank=True, editable=False)
    phone = EncryptedTextField(_("手机号"), blank=True, default="")
    phone_index = BlindIndexField(source="phone", db_index=True)
    phone_tail_index = BlindIndexField(source="phone", label="phone_tail", normalize=phone_tail, db_index=True)
    phone_verified_at = models.DateTimeField(_("手机号验证时间"), null=True, blank=True)
    email = EncryptedTextField(_("电子邮箱"), blank=True, default="")
    email_index = BlindIndexField(source="email", normalize=str.lower, db_index=True)
    email_verified_at = models.DateTimeField(_("邮箱验证时间"), null=True, blank=True)
    address = EncryptedTextField(_("地址"), blank=True, default="")
    is_anonymous = models.BooleanField(_("匿名客户"), default=False)
    important = models.BooleanField(_("重点客户"), default=False)
    important_until = models.DateTimeField(_("重点客户截止"), null=True, blank=True)
    do_not_contact_at = models.DateTimeField(_("免打扰起始时间"), null=True, blank=True)
    do_not_contact_reason = models.CharField(_("免打扰原因"), max_length=200, blank=True)
    notes = WrittenTextField(_("备注"), blank=True, default="")
    preferences = models.JSONField(_("偏好"), default=dict, blank=True)
    level = models.CharField(_("会员等级"), max_length=50, blank=True)
    revision = models.PositiveIntegerField(_("修订号"), default=1, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))
    merged_into = models.ForeignKey(
        "self", verbose_name=_("已合并到"), null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from"
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("客户")
        verbose_name_plural = pgettext_lazy("many", "客户")
        ordering = ["-id"]
        permissions = [
            ("reveal_customer", _("查看客户完整个人信息")),
            ("merge_customer", _("合并客户")),
            ("export_customer", _("导出客户")),
            ("tag_customer", _("为客户打标签")),
        ]
        constraints = [
            models.CheckConstraint(
                name="customer_not_merged_into_itself",
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id")),
            ),
        ]
        indexes = [
            # The list walks back from the newest record that still stands for itself.
            models.Index(fields=["-id"], name="customer_standing", condition=models.Q(merged_into__isnull=True)),
            models.Index(fields=["name_initials"], name="customer_initials", opclasses=["varchar_pattern_ops"]),
            GinIndex(fields=["name_grams"], name="customer_name_grams"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("匿名客户"))

    def is_important_at(self, moment: datetime) -> bool:
        """Whether the mark "important" holds at `moment`; it ends exactly at `important_until`."""
        return self.important and (self.important_until is None or moment < self.important_until)

    def is_important_now(self) -> bool:
        return self.is_important_at(now())

    def active_tags(self, *, moment: datetime | None = None) -> models.QuerySet[Tag]:
        """The labels that hold at `moment` (now)."""
        held = CustomerTag.objects.active(moment=moment).filter(customer=self)
        return Tag.objects.filter(pk__in=held.values("tag"))


class CustomerIdentity(models.Model):
    """An account of a customer on a platform: the surest way to know who is writing."""

    customer = models.ForeignKey(Customer, verbose_name=_("客户"), on_delete=models.CASCADE, related_name="identities")
    platform = models.CharField(_("平台"), max_length=50)
    external_id = models.CharField(_("平台账号"), max_length=200)
    is_verified = models.BooleanField(_("已验证"), default=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("添加人"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("渠道身份")
        verbose_name_plural = pgettext_lazy("many", "渠道身份")
        ordering = ["platform", "external_id"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "external_id"], name="identity_once_per_platform"),
        ]
        # Search looks an account up without knowing its platform.
        indexes = [models.Index(fields=["external_id"], name="identity_external_id")]

    def __str__(self) -> str:
        return f"{self.platform}:{self.external_id}"

    @property
    def platform_label(self) -> str:
        """The platform's name for people; an unknown one as it was given."""
        known: dict[str, Any] = dict(ShopPlatform.choices)
        return str(known.get(self.platform, self.platform))
