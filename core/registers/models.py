from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.fields import UpdatedAtField
from core.registers.registry import Register, Target, targets


class RecordQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "RecordQuerySet":
        """Whoever may look into the register sees all of it."""
        names = self.model._meta
        may_look = user.is_active and user.has_perm(f"{names.app_label}.view_{names.model_name}")
        return self if may_look else self.none()

    def open(self) -> "RecordQuerySet":
        return self.exclude(state__in=self.model.register.closed)

    def due_for_review(self, today: date) -> "RecordQuerySet":
        """Open, and the day of their review has come."""
        return self.open().filter(review_on__lte=today)


class Record(models.Model):
    """What every register keeps of a record. `state` moves by `core.registers.services.move_record` alone."""

    register: ClassVar[Register]

    title = models.CharField(_("标题"), max_length=200)
    details = models.TextField(_("说明"), blank=True, max_length=4000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("责任人")
    )
    state = models.CharField(_("状态"), max_length=12)
    review_on = models.DateField(_("复核日期"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("提出人")
    )
    created_at = models.DateTimeField(_("提出时间"), default=clock.now, editable=False)
    updated_at = UpdatedAtField(_("更新时间"))
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = RecordQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def type_name(self) -> str:
        """How evidence and links name the register: "insights.improvement"."""
        return self._meta.label_lower

    @property
    def is_closed(self) -> bool:
        return self.state in self.register.closed

    @property
    def state_label(self) -> str:
        return str(self.register.states(self.state).label)

    @property
    def is_review_due(self) -> bool:
        return not self.is_closed and self.review_on is not None and self.review_on <= timezone.localdate(clock.now())

    def lacks(self, state: str, *, actor: Any) -> dict[str, str]:
        """What still stands in the way of `state`, by field. Registers add their own."""
        if state not in self.register.planned:
            return {}
        found = {}
        if self.owner_id is None:
            found["owner"] = str(_("请先指定责任人。"))
        if self.review_on is None:
            found["review_on"] = str(_("请先设定复核日期。"))
        return found


class RecordEvidence(models.Model):
    """Something that bears a record out: words, perhaps with an address. Never changed, never deleted."""

    record_type = models.CharField(max_length=60)
    record_id = models.BigIntegerField()
    text = models.CharField(_("依据"), max_length=500)
    url = models.URLField(_("链接"), max_length=500, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("依据")
        verbose_name_plural = pgettext_lazy("many", "依据")
        ordering = ["id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["record_type", "record_id", "id"], name="core_evidence_record")]

    def __str__(self) -> str:
        return self.text[:50]


class RecordLink(models.Model):
    """What a record is about: one of the registered targets."""

    record_type = models.CharField(max_length=60)
    record_id = models.BigIntegerField()
    target_type = models.CharField(_("类型"), max_length=40)
    target_id = models.BigIntegerField()
    label = models.CharField(_("名称"), max_length=200)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("关联")
        verbose_name_plural = pgettext_lazy("many", "关联")
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["record_type", "record_id", "target_type", "target_id"], name="core_record_link_once"
            )
        ]
        indexes = [models.Index(fields=["target_type", "target_id"], name="core_record_link_target")]

    def __str__(self) -> str:
        return f"{self.target_type} {self.label}"

    @property
    def target(self) -> Target | None:
        return targets.get(self.target_type)

    @property
    def address(self) -> str:
        return self.target.address(self.target_id) if self.target is not None else ""
