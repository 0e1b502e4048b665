"""The company's shops: a dimension of orders, tickets, rights and reports."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from customers.choices import ShopPlatform

KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"


class Shop(models.Model):
    """A shop on one platform, named by other systems through its key."""

    key = models.CharField(
        _("店铺编码"),
        max_length=100,
        unique=True,
        validators=[RegexValidator(KEY_PATTERN, _("编码只能用字母、数字、点、横线和下划线，并以字母或数字开头。"))],
    )
    name = models.CharField(_("店铺名称"), max_length=100)
    platform = models.CharField(_("平台"), max_length=20, choices=ShopPlatform.choices, default=ShopPlatform.OTHER)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("店铺")
        verbose_name_plural = pgettext_lazy("many", "店铺")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
