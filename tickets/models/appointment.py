"""Service at the customer's place: where, when, by whom, and how it ended."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, EncryptedTextField, WrittenTextField
from tickets.appointment_choices import AppointmentState, ServiceResult
from tickets.models.message import Attachment
from tickets.models.ticket import Ticket
from tickets.querysets import sight

if TYPE_CHECKING:
    from crm.staff.models import User

#: The name by which a refused double booking is recognised.
ONE_AT_A_TIME = "appointment_technician_once"


class AppointmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "User") -> "AppointmentQuerySet":
        """One's own as a technician, and those of tickets one may see."""
        if not user.is_active or not user.has_perm("tickets.view_appointment"):
            return self.none()
        return self.filter(sight(user, "ticket__") | Q(technician=user)) if not user.sees_everything else self.all()

    def between(self, start: datetime, end: datetime) -> "AppointmentQuerySet":
        """Those that begin from `start` up to, and without, `end`."""
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def planned(self) -> "AppointmentQuerySet":
        return self.filter(state=AppointmentState.PLANNED)

    def for_list(self) -> "AppointmentQuerySet":
        """With what a row shows."""
        people = ("technician", "booked_by", "ended_by")
        return self.select_related("ticket__customer", "signature", *people).defer("ticket__search")


class Appointment(EncryptedRow):
    """One visit. PostgreSQL refuses two planned ones of a technician whose times overlap; one may begin
    at the moment at which another ends. The person is written as a range of one number, so that the
    plain GiST index compares both and no extension is needed."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="appointments", verbose_name=_("工单"))
    technician = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="appointments", verbose_name=_("服务人员")
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=AppointmentState, default=AppointmentState.PLANNED, editable=False
    )
    starts_at = models.DateTimeField(_("上门时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    address = EncryptedTextField(_("上门地址"))
    phone = EncryptedTextField(_("联系电话"), blank=True, default="")
    task = WrittenTextField(_("服务内容"), blank=True, default="")
    move_count = models.PositiveSmallIntegerField(_("改约次数"), default=0, editable=False)
    reason = models.CharField(_("改约或取消原因"), max_length=300, blank=True)
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("预约人"), editable=False
    )
    booked_at = models.DateTimeField(_("预约时间"), default=clock.now, editable=False)
    reminded_at = models.DateTimeField(_("提醒时间"), null=True, blank=True, editable=False)

    result = models.CharField(_("服务结果"), max_length=10, choices=ServiceResult, blank=True)
    result_note = WrittenTextField(_("服务记录"), blank=True, default="")
    signature = models.ForeignKey(
        Attachment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("客户签名")
    )
    signature_sha256 = models.CharField(_("签名指纹"), max_length=64, blank=True, editable=False)
    unsigned_reason = models.CharField(_("未签名原因"), max_length=200, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )
    ended_at = models.DateTimeField(_("完成或取消时间"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("上门预约")
        verbose_name_plural = pgettext_lazy("many", "上门预约")
        ordering = ["starts_at", "id"]
        constraints = [
            ExclusionConstraint(
                name=ONE_AT_A_TIME,
                expressions=[
                    (
                        Func(
                            F("technician"),
                            F("technician"),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state="planned"),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state="planned", ended_at__isnull=True) | ~Q(state="planned") & Q(ended_at__isnull=False),
                name="appointment_end_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(state="done") & ~Q(result="") | ~Q(state="done") & Q(result=""),
                name="appointment_done_has_result",
            ),
            models.CheckConstraint(
                condition=Q(result__in=["", "absent"]) | Q(signature__isnull=False) | ~Q(unsigned_reason=""),
                name="appointment_signed_or_why_not",
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="appointment_when"),
            models.Index(fields=["technician", "starts_at", "id"], name="appointment_technician"),
        ]
        permissions = [("serve_appointment", _("可登记上门服务结果"))]

    def __str__(self) -> str:
        return f"{self.get_state_display()} #{self.pk}"

    @property
    def span(self) -> str:
        """`11-23 09:00–11:00` in the office's time zone."""
        return f"{timezone.localtime(self.starts_at):%m-%d %H:%M}–{timezone.localtime(self.ends_at):%H:%M}"

    @property
    def is_planned(self) -> bool:
        return self.state == AppointmentState.PLANNED

    @property
    def is_waiting_for_result(self) -> bool:
        """Its time is over and nobody has said how it went."""
        return self.is_planned and self.ends_at <= clock.now()
