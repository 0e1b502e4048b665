"""Articles with reviewed versions, and the messages they answered."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.ranking.models import Example, SearchableRow
from core.ranking.vectors import NO_SEARCH_COLUMNS, search_columns
from core.versions.models import Version, VersionedItem
from knowledge.choices import Audience


class Article(SearchableRow, VersionedItem):
    """A knowledge article; `key` is its document id inside a collection."""

    event_subject = "article"

    collection = models.CharField(_("文集"), max_length=100, blank=True, default="")
    category = models.CharField(_("分类"), max_length=100, blank=True, default="")
    product = models.CharField(_("商品"), max_length=100, blank=True, default="", help_text=_("SKU，留空表示通用"))
    audience = models.CharField(_("可见范围"), max_length=16, choices=Audience, default=Audience.INTERNAL)
    live_version = models.ForeignKey(
        "ArticleVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("知识文章")
        verbose_name_plural = pgettext_lazy("many", "知识文章")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection", "key"], name="article_key_in_collection"),
        ]
        indexes: ClassVar = [GinIndex(fields=["search"], name="article_search", fastupdate=False)]
        permissions: ClassVar = [("rate_article", _("评价文章是否有用"))]

    def live_columns(self, version: Version | None) -> dict[str, Any]:
        if version is None:
            return NO_SEARCH_COLUMNS
        codes = [self.key, self.category, self.product]
        return search_columns(title=version.title, body=version.body, codes=codes)


class ArticleVersion(Version):
    item = models.ForeignKey(Article, models.PROTECT, related_name="versions", verbose_name=_("文章"))

    class Meta:
        verbose_name = _("文章版本")
        verbose_name_plural = pgettext_lazy("many", "文章版本")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "number"], name="articleversion_number"),
        ]
        permissions: ClassVar = [
            ("review_articleversion", _("审核文章")),
            ("publish_articleversion", _("发布和下线文章")),
        ]


class HelpfulVote(models.Model):
    """Whether one person found one version helpful."""

    version = models.ForeignKey(ArticleVersion, models.CASCADE, related_name="helpful_votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_helpful = models.BooleanField(_("有帮助"))
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("有用评价")
        verbose_name_plural = pgettext_lazy("many", "有用评价")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "voter"], name="helpfulvote_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.is_helpful}"


class ReaderVote(models.Model):
    """Whether a reader of the help centre found a version helpful. The reader is a browser, known by a digest."""

    version = models.ForeignKey(ArticleVersion, models.CASCADE, related_name="reader_votes")
    reader = models.CharField(max_length=64, editable=False)
    is_helpful = models.BooleanField(_("有帮助"))
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("读者评价")
        verbose_name_plural = pgettext_lazy("many", "读者评价")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "reader"], name="readervote_once"),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.version_id} {self.is_helpful}"


class ArticleExample(Example):
    """A message that this article answered."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="examples")

    class Meta:
        verbose_name = _("文章示例问题")
        verbose_name_plural = pgettext_lazy("many", "文章示例问题")
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digest", "article"], name="articleexample_once"),
        ]
        indexes: ClassVar = [GinIndex(fields=["search"], name="articleexample_search", fastupdate=False)]

    def __str__(self) -> str:
        return f"{self.article_id} ← {self.digest[:8]}"
