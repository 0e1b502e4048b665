"""The room of a complaint: who talks about it, what was said and decided, and who from outside may look in."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField
from tickets.models.ticket import Ticket
from tickets.rooms.choices import EntryKind, GuestKind, VisitKind
from tickets.rooms.querysets import OfRoomsQuerySet, RoomQuerySet


class Room(EncryptedRow):
    """One room a complaint. What members see of the complaint is the `summary`, which is masked when it is written,
    its number and category: neither the customer nor the conversation."""

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="room", verbose_name=_("工单"))
    summary = WrittenTextField(_("摘要"))
    due_at = models.DateTimeField(_("期限"), null=True, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("发起人"))
    opened_at = models.DateTimeField(_("发起时间"), default=clock.now, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结束人")
    )
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = RoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("会商室")
        verbose_name_plural = pgettext_lazy("many", "会商室")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_by__isnull=False), name="room_closed_by_somebody"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["closed_at", "-id"], name="room_state")]

    def __str__(self) -> str:
        return f"{self.ticket_id}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_late(self) -> bool:
        """Open past its moment."""
        return self.is_open and self.due_at is not None and self.due_at <= clock.now()


class RoomMember(models.Model):
    """A colleague in the room, of whatever department."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="members", verbose_name=_("会商室"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("成员"))
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("邀请人"))
    added_at = models.DateTimeField(_("加入时间"), default=clock.now)
    removed_at = models.DateTimeField(_("移出时间"), null=True, blank=True)

    objects = OfRoomsQuerySet.as_manager()

    class Meta:
        verbose_name = _("会商成员")
        verbose_name_plural = pgettext_lazy("many", "会商成员")
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "user"], name="room_member_once")]
        indexes: ClassVar = [models.Index(fields=["user", "room"], name="room_member_user")]

    def __str__(self) -> str:
        return f"{self.room_id}/{self.user_id}"


class RoomGuest(models.Model):
    """Somebody from outside with a link of their own. Of the link only a digest is kept; it is shown once."""

    room = models.ForeignKey(Room, models.PROTECT, related_name="guests", verbose_name=_("会商室"))
    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类型"), max_length=10, choices=GuestKind, default=GuestKind.CARRIER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    may_answer = models.BooleanField(_("可以答复"), default=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("邀请人"))
    created_at = models.DateTimeField(_("邀请时间"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("有效期至"))
    removed_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("撤销人")
    )

    objects = OfRoomsQuerySet.as_manager()

    class Meta:
        verbose_name = _("外部来宾")
        verbose_name_plural = pgettext_lazy("many", "外部来宾")
        ordering = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="room_guest_lasts")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.removed_at is None and self.expires_at > clock.now()


class RoomEntry(EncryptedRow):
    """Something said or decided. It is never changed and never deleted (a trigger keeps it)."""

    room = models.ForeignKey(Room, models.PROTECT, related_name="entries", verbose_name=_("会商室"))
    kind = models.CharField(_("类型"), max_length=10, choices=EntryKind, default=EntryKind.NOTE)
    text = WrittenTextField(_("内容"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("作者")
    )
    guest = models.ForeignKey(
        RoomGuest, models.PROTECT, null=True, blank=True, related_name="entries", verbose_name=_("外部来宾")
    )
    is_for_guests = models.BooleanField(_("来宾可见"), default=False)
    created_at = models.DateTimeField(_("时间"), default=clock.now, editable=False)

    objects = OfRoomsQuerySet.as_manager()

    class Meta:
        verbose_name = _("会商记录")
        verbose_name_plural = pgettext_lazy("many", "会商记录")
        ordering = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(author__isnull=False, guest__isnull=True) | Q(author__isnull=True, guest__isnull=False),
                name="room_entry_by_one",
            ),
            models.CheckConstraint(condition=Q(guest__isnull=True) | Q(kind="answer"), name="room_entry_of_guest"),
        ]
        indexes: ClassVar = [models.Index(fields=["room", "id"], name="room_entry_room")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.kind}"


class RoomVisit(models.Model):
    """A guest used the link. `network` is where from, without the part that leads to one machine."""

    guest = models.ForeignKey(RoomGuest, models.PROTECT, related_name="visits", verbose_name=_("外部来宾"))
    kind = models.CharField(_("动作"), max_length=10, choices=VisitKind)
    network = models.CharField(_("来源网段"), max_length=50, blank=True)
    at = models.DateTimeField(_("时间"), default=clock.now)

    class Meta:
        verbose_name = _("来宾访问")
        verbose_name_plural = pgettext_lazy("many", "来宾访问")
        ordering = ["-id"]
        indexes: ClassVar = [models.Index(fields=["guest", "-id"], name="room_visit_guest")]

    def __str__(self) -> str:
        return f"{self.guest_id} {self.kind}"
