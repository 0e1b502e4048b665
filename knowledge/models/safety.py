"""Product safety sheets by SKU, and the phrases that call them up or promise what they say."""

from typing import Any, ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.fields import UpdatedAtField
from core.text import unstorable
from core.versions.models import Version, VersionedItem
from knowledge.choices import SafetyTermKind
from knowledge.safety import words

TEXT_LENGTH, SOURCE_LENGTH = 2000, 200
#: What a sheet says besides its ingredients, in the order it is read.
SHEET_TEXTS = ("allergens", "contraindications", "suitable_for")


class SafetySheet(VersionedItem):
    """What is known of the safety of one product; `key` is its SKU, `title` its name."""

    event_subject = "safety_sheet"

    live_version = models.ForeignKey(
        "SafetySheetVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("产品安全资料")
        verbose_name_plural = pgettext_lazy("many", "产品安全资料")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="safetysheet_sku")]
        indexes: ClassVar = [models.Index(fields=["-updated_at", "-id"], name="safetysheet_newest")]


class SafetySheetVersion(Version):
    """One reviewed state of a sheet. `body` holds the ingredients; `source` names the document it was taken from."""

    FROZEN = (*Version.FROZEN, *SHEET_TEXTS, "source")

    item = models.ForeignKey(SafetySheet, models.PROTECT, related_name="versions", verbose_name=_("安全资料"))
    allergens = models.TextField(_("过敏原"), max_length=TEXT_LENGTH, help_text=_("没有请写“无已知过敏原”。"))
    contraindications = models.TextField(_("禁忌"), max_length=TEXT_LENGTH, blank=True, default="")
    suitable_for = models.TextField(_("适用人群"), max_length=TEXT_LENGTH, blank=True, default="")
    source = models.CharField(
        _("来源文件"), max_length=SOURCE_LENGTH, help_text=_("如检测报告编号、备案号、包装标签。")
    )

    class Meta:
        verbose_name = _("安全资料版本")
        verbose_name_plural = pgettext_lazy("many", "安全资料版本")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "number"], name="safetysheetversion_number")]
        permissions: ClassVar = [
            ("review_safetysheetversion", _("审核安全资料")),
            ("publish_safetysheetversion", _("发布和下线安全资料")),
        ]

    def problems(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, most in (*((one, TEXT_LENGTH) for one in SHEET_TEXTS), ("source", SOURCE_LENGTH)):
            text = getattr(self, name)
            if name in ("allergens", "source") and not text.strip():
                found[name] = [str(_("安全资料须写明这一项。"))]
            elif len(text) > most:
                found[name] = [str(_("最多 %(limit)s 字。") % {"limit": most})]
            elif unstorable(text):
                found[name] = [str(_("含有不允许的字符。"))]
        return found

    @property
    def texts(self) -> list[tuple[Any, str]]:
        """Name and words of every part, ingredients first; empty parts left out."""
        labels = {field.name: field.verbose_name for field in self._meta.fields}
        parts = [(_("成分"), self.body), *((labels[name], getattr(self, name)) for name in SHEET_TEXTS)]
        return [(label, text) for label, text in parts if text.strip()]


class SafetyTerm(models.Model):
    """A phrase of the shop's own, beside those the product knows. Switched off, it takes a built-in one out."""

    kind = models.CharField(_("作用"), max_length=10, choices=SafetyTermKind)
    text = models.CharField(_("词语"), max_length=30)
    is_active = models.BooleanField(_("启用"), default=True, help_text=_("停用时，同样的内置词也不再生效。"))
    updated_at = UpdatedAtField(_("更新时间"))

    class Meta:
        verbose_name = _("安全用语")
        verbose_name_plural = pgettext_lazy("many", "安全用语")
        ordering: ClassVar = ["kind", "text"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "text"], name="safetyterm_once")]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Every writer must drop the cached words: a stale one would let a promise through."""
        super().save(*args, **kwargs)
        transaction.on_commit(words.forget, robust=True)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        result = super().delete(*args, **kwargs)
        transaction.on_commit(words.forget, robust=True)
        return result
