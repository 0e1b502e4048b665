"""Labels on customers: given by hand or by a rule, exclusive within a group when the group says so."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from customers.choices import TagColour, TagKind
from customers.querysets import CustomerTagQuerySet


class TagGroup(models.Model):
    name = models.CharField(_("标签组"), max_length=100, unique=True)
    is_exclusive = models.BooleanField(_("组内互斥"), default=False)

    class Meta:
        verbose_name = _("标签组")
        verbose_name_plural = pgettext_lazy("many", "标签组")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A label. A rule tag is given to whoever matches its condition and taken from the others."""

    name = models.CharField(_("标签名"), max_length=100, unique=True)
    group = models.ForeignKey(
        TagGroup, verbose_name=_("标签组"), null=True, blank=True, on_delete=models.PROTECT, related_name="tags"
    )
    kind = models.CharField(_("类别"), max_length=10, choices=TagKind.choices, default=TagKind.MANUAL)
    condition = models.JSONField(_("规则"), default=dict, blank=True)
    colour = models.CharField(_("颜色"), max_length=20, choices=TagColour.choices, default=TagColour.BLUE)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    applied_at = models.DateTimeField(_("上次执行规则"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("标签")
        verbose_name_plural = pgettext_lazy("many", "标签")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tone(self) -> str:
        """The look of its chip."""
        return TagColour(self.colour).tone


class CustomerTag(models.Model):
    """One spell of a label on a customer; it ends when removed or exactly at `expires_at`."""

    customer = models.ForeignKey(
        "customers.Customer", verbose_name=_("客户"), on_delete=models.CASCADE, related_name="customer_tags"
    )
    tag = models.ForeignKey(Tag, verbose_name=_("标签"), on_delete=models.PROTECT, related_name="customer_tags")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("添加人"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    added_at = models.DateTimeField(_("添加时间"))
    expires_at = models.DateTimeField(_("到期时间"), null=True, blank=True)
    removed_at = models.DateTimeField(_("移除时间"), null=True, blank=True)

    objects = CustomerTagQuerySet.as_manager()

    class Meta:
        verbose_name = _("客户标签")
        verbose_name_plural = pgettext_lazy("many", "客户标签")
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "tag"], name="customer_tag_once", condition=models.Q(removed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="customer_tag_expires_later",
                condition=models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=models.F("added_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tag", "customer"], name="customer_tag_holders", condition=models.Q(removed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id}@{self.customer_id}"
