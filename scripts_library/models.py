"""What we say: reply scripts with reviewed versions, where they were used, and the messages they answered."""

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
from scripts_library import placeholders, steps
from scripts_library.choices import AngerLevel, ScriptKind


class ScriptTemplate(SearchableRow, VersionedItem):
    """A reply script; `key` is the code agents type."""

    event_subject = "script"

    kind = models.CharField(_("类别"), max_length=16, choices=ScriptKind, default=ScriptKind.BASIC)
    topic = models.CharField(_("主题"), max_length=100, blank=True, default="")
    ticket_types = models.JSONField(_("适用工单类型"), default=list, blank=True, help_text=_("留空表示都适用"))
    anger_level = models.PositiveSmallIntegerField(
        _("安抚阶梯"), choices=AngerLevel, null=True, blank=True, help_text=_("用于哪一级情绪；留空表示不在阶梯上")
    )
    shop = models.ForeignKey(
        "customers.Shop", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("店铺")
    )
    live_version = models.ForeignKey(
        "ScriptVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("当前版本")
    )

    class Meta:
        verbose_name = _("话术")
        verbose_name_plural = pgettext_lazy("many", "话术")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="script_key")]
        indexes: ClassVar = [GinIndex(fields=["search"], name="script_search", fastupdate=False)]
        permissions: ClassVar = [("render_scripttemplate", _("在工单中使用话术"))]

    def live_columns(self, version: Version | None) -> dict[str, Any]:
        if version is None:
            return NO_SEARCH_COLUMNS
        return search_columns(title=version.title, body=version.body, codes=[self.key, self.topic])


class ScriptVersion(Version):
    """A text with {{placeholders}}; `steps` names its frame (confirm → explain → option → confirm) when it has one."""

    FROZEN = (*Version.FROZEN, "steps")

    item = models.ForeignKey(ScriptTemplate, models.PROTECT, related_name="versions", verbose_name=_("话术"))
    steps = models.JSONField(_("步骤"), default=list, blank=True)

    class Meta:
        verbose_name = _("话术版本")
        verbose_name_plural = pgettext_lazy("many", "话术版本")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "number"], name="scriptversion_number")]
        permissions: ClassVar = [
            ("review_scriptversion", _("审核话术")),
            ("publish_scriptversion", _("发布和下线话术")),
        ]

    def problems(self) -> dict[str, list[str]]:
        found = {"body": placeholders.problems(self.body), "steps": steps.problems(self.steps)}
        return {name: sentences for name, sentences in found.items() if sentences}


class ScriptUsage(models.Model):
    """One reply that was sent with a script version."""

    version = models.ForeignKey(ScriptVersion, models.PROTECT, related_name="usages", verbose_name=_("话术版本"))
    subject_type = models.CharField(max_length=40, default="ticket")
    subject_id = models.BigIntegerField(_("工单"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("使用人"))
    used_at = models.DateTimeField(_("使用时间"), default=clock.now)
    is_edited = models.BooleanField(_("发送前改过"), default=False)

    class Meta:
        verbose_name = _("话术使用")
        verbose_name_plural = pgettext_lazy("many", "话术使用")
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["version", "used_at"], name="scriptusage_version"),
            models.Index(fields=["subject_type", "subject_id"], name="scriptusage_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} → {self.subject_type} {self.subject_id}"


class ScriptExample(Example):
    """A message that this script answered."""

    script = models.ForeignKey(ScriptTemplate, models.CASCADE, related_name="examples")

    class Meta:
        verbose_name = _("话术示例消息")
        verbose_name_plural = pgettext_lazy("many", "话术示例消息")
        default_permissions = ("view",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["digest", "script"], name="scriptexample_once")]
        indexes: ClassVar = [GinIndex(fields=["search"], name="scriptexample_search", fastupdate=False)]

    def __str__(self) -> str:
        return f"{self.script_id} ← {self.digest[:8]}"
