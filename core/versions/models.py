"""Abstract rows of everything that has reviewed versions (scripts, articles, later plans and policies)."""

from collections.abc import Collection
from copy import deepcopy
from datetime import datetime
from typing import Any, ClassVar, Self, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.versions.choices import Origin, VersionStatus, allowed_moves

FROZEN_FIELDS = frozenset({"item", "item_id", "number", "title", "body", "author", "author_id", "origin"})


class PublishedTextChanged(ValueError):
    """Somebody tried to change the words of a version that has left the draft state."""


class VersionedItemQuerySet(models.QuerySet[Any]):
    """Which identity rows a person may see: staff see what was ever published; writers and curators see all."""

    def visible_to(self, user: Any) -> Self:
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if sees_unpublished(user, self.model):
            return self
        versions: Any = cast(Any, self.model)._meta.get_field("live_version").related_model
        written = versions._default_manager.filter(item=OuterRef("pk"), author=user)
        return self.filter(Q(published_count__gt=0) | Q(owner=user) | Exists(written))

    def live(self, at: datetime | None = None) -> Self:
        """Rows whose live version is valid at `at` (default: now). `valid_until` is the last valid moment."""
        moment = at or clock.now()
        rows: Any = self
        return rows.filter(
            Q(live_version__valid_from=None) | Q(live_version__valid_from__lte=moment),
            Q(live_version__valid_until=None) | Q(live_version__valid_until__gte=moment),
            live_version__isnull=False,
        )


class VersionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """Published and retired versions for all staff; the others for their author and for curators."""
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if sees_unpublished(user, self.model):
            return self
        return self.filter(Q(published_at__isnull=False) | Q(author=user))

    def published(self) -> Self:
        return self.filter(status=VersionStatus.PUBLISHED)

    def update(self, **kwargs: Any) -> int:
        """Refuse to touch the words of many versions at once; drafts are changed one by one through services."""
        if FROZEN_FIELDS & kwargs.keys():
            raise PublishedTextChanged(f"Change drafts one by one: {sorted(FROZEN_FIELDS & kwargs.keys())}")
        return super().update(**kwargs)


def right_name(model: type[models.Model], right: str) -> str:
    """The codename that guards `right` (add, review, publish, …) on the versions of an item or version model."""
    named: Any = model
    version = named._meta.get_field("live_version").related_model if issubclass(model, VersionedItem) else named
    return f"{version._meta.app_label}.{right}_{version._meta.model_name}"


def sees_unpublished(user: Any, model: type[models.Model]) -> bool:
    """Curators, and auditors through their right to view everything."""
    return any(user.has_perm(right_name(model, right)) for right in ("review", "publish", "view_unpublished"))


class VersionedItem(models.Model):
    """The identity of a text. A concrete item adds `live_version`, a foreign key to its version model."""

    event_subject: ClassVar[str]
    live_version_id: int | None

    key = models.CharField(_("编号"), max_length=100)
    title = models.CharField(_("标题"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("负责人")
    )
    published_count = models.PositiveIntegerField(_("发布次数"), default=0, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    updated_at = models.DateTimeField(_("更新时间"), default=clock.now, editable=False)

    objects = VersionedItemQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    def live_columns(self, version: "Version | None") -> dict[str, Any]:
        """Columns of the item that follow from its live version (None: there is none any more)."""
        return {}


class Version(models.Model):
    """One numbered text. A concrete version adds `item`, a foreign key with related name "versions"."""

    item: Any
    item_id: int
    FROZEN: ClassVar[tuple[str, ...]] = ("item_id", "number", "title", "body", "author_id", "origin")

    number = models.PositiveIntegerField(_("版本号"))
    title = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"), max_length=20_000)
    status = models.CharField(_("状态"), max_length=16, choices=VersionStatus, default=VersionStatus.DRAFT)
    origin = models.CharField(_("来源"), max_length=16, choices=Origin, default=Origin.WRITTEN)
    note = models.CharField(_("修改说明"), max_length=500, blank=True, default="")
    reject_reason = models.CharField(_("驳回理由"), max_length=500, blank=True, default="")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("作者")
    )
    submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("提交人")
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审核人")
    )
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发布人")
    )
    retirer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("下线人")
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    reviewed_at = models.DateTimeField(_("审核时间"), null=True, blank=True)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    retired_at = models.DateTimeField(_("下线时间"), null=True, blank=True)
    valid_from = models.DateTimeField(_("生效时间"), null=True, blank=True)
    valid_until = models.DateTimeField(_("有效期至"), null=True, blank=True, help_text=_("含该时刻；过期后不再推荐"))

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    def save(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Write the row; raises PublishedTextChanged when the words of a version past draft would change."""
        stored = getattr(self, "_stored", {})
        if stored.get("status", VersionStatus.DRAFT) != VersionStatus.DRAFT:
            changed = [name for name in self.FROZEN if name in stored and stored[name] != getattr(self, name)]
            if changed:
                raise PublishedTextChanged(f"{self!s} is {stored['status']}; its {changed} cannot change.")
        super().save(**kwargs)
        self._remember()

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> Self:
        row = super().from_db(db, field_names, values, **kwargs)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self) -> None:
        """Keep what the row holds, to see later whether the words of a frozen version were touched."""
        names = (*self.FROZEN, "status")
        self._stored = {name: deepcopy(self.__dict__[name]) for name in names if name in self.__dict__}

    @property
    def allowed_moves(self) -> list[str]:
        return allowed_moves(self.status)

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the text may be used at `moment`; both ends of the period are included."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_until is None or moment <= self.valid_until
        )

    def problems(self) -> dict[str, list[str]]:
        """What is wrong with the words, by field; concrete versions add their own rules."""
        return {}

    def unfinished(self) -> dict[str, list[str]]:
        """What keeps the words from review and use, by field, though a draft may still have it."""
        return {}

    def can_be_reviewed_by(self, user: Any) -> bool:
        """Two people see every text: the one who wrote it never approves it."""
        return self.author_id != user.pk and user.has_perm(right_name(type(self), "review"))
