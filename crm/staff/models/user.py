"""The staff account."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from crm.staff.choices import Availability, Role, Theme
from crm.staff.querysets import UserManager
from crm.staff.roles import role_enters, role_may
from crm.staff.sight import all_queue_ids, served_queue_ids, team_ids_of

SEES_EVERYTHING = frozenset({Role.ADMIN.value, Role.AUDITOR.value})


class User(AbstractBaseUser):
    """A person who works here. Rights follow from the role, reach from the teams."""

    username = models.CharField(
        _("用户名"),
        max_length=100,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("该用户名已被使用。")},
    )
    display_name = models.CharField(_("姓名"), max_length=100, blank=True)
    email = models.EmailField(_("邮箱"), blank=True)
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices, default=Role.AGENT)
    teams: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "staff.Team", through="staff.Membership", related_name="members", verbose_name=_("团队")
    )
    availability = models.CharField(
        _("在线状态"), max_length=10, choices=Availability.choices, default=Availability.OFFLINE
    )
    availability_changed_at = models.DateTimeField(_("状态变更时间"), null=True, blank=True)
    concurrency_limit = models.PositiveSmallIntegerField(_("最大接待数"), default=8)
    skills = models.JSONField(_("技能"), default=list, blank=True)
    language = models.CharField(_("语言"), max_length=10, blank=True)
    theme = models.CharField(_("外观"), max_length=10, choices=Theme.choices, default=Theme.AUTO)
    undoes_send = models.BooleanField(_("发送后可撤回"), default=True, db_default=True)
    opens_next = models.BooleanField(_("解决后打开下一张"), default=True, db_default=True)
    is_active = models.BooleanField(_("启用"), default=True)
    joined_at = models.DateTimeField(_("加入时间"), default=clock.now, editable=False)
    last_seen_at = models.DateTimeField(_("最近活动"), null=True, blank=True)
    password_changed_at = models.DateTimeField(_("密码修改时间"), null=True, blank=True)
    # Raised when rights shrink or grow: every session carries it in its hash and ends with the old number.
    session_epoch = models.PositiveIntegerField(_("会话代次"), default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("员工")
        verbose_name_plural = pgettext_lazy("many", "员工")
        ordering = ["username"]
        permissions = [("change_own_availability", _("切换自己的在线状态"))]
        constraints = [
            # The same words as username__iexact, so that it also serves the login look-up.
            models.UniqueConstraint(
                Upper("username"), name="staff_user_username_any_case", violation_error_message=_("该用户名已被使用。")
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="staff_user_role_known"),
            models.CheckConstraint(condition=Q(availability__in=Availability.values), name="staff_user_availability"),
            models.CheckConstraint(condition=Q(concurrency_limit__lte=200), name="staff_user_concurrency"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(is_active=True, availability="online"), name="staff_user_on_duty"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What colleagues see: the display name, else the username."""
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    # Rights -----------------------------------------------------------------------------

    @property
    def is_staff(self) -> bool:
        """Everybody here may open the admin; what stands in it follows from the codenames."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.role == Role.ADMIN

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_auditor(self) -> bool:
        """Sees everything, masked, and changes nothing."""
        return self.role == Role.AUDITOR

    @property
    def availability_choices(self) -> list[tuple[str, Any]]:
        return list(Availability.choices)

    @property
    def is_supervisor(self) -> bool:
        return self.role == Role.SUPERVISOR

    @property
    def sees_everything(self) -> bool:
        return self.role in SEES_EVERYTHING

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and role_may(self.role, perm)

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and role_enters(self.role, app_label)

    # Reach ------------------------------------------------------------------------------

    @cached_property
    def own_team_ids(self) -> frozenset[int]:
        """Teams the person belongs to. One query, kept on the instance."""
        return team_ids_of(self.pk, below=False)

    @cached_property
    def team_ids_below(self) -> frozenset[int]:
        """Own teams and every team under them. One query, kept on the instance."""
        return team_ids_of(self.pk, below=True)

    @cached_property
    def queue_ids(self) -> frozenset[int]:
        """Queues in the person's sight: of their teams, for supervisors of the teams below
        too, for admins and auditors all. One query, kept on the instance."""
        if self.sees_everything:
            return all_queue_ids()
        return served_queue_ids(self.pk, below=self.is_supervisor)

    def audience_keys(self) -> frozenset[str]:
        """What the person may hear of: `all`, `user:<id>`, `queue:<id>`; `*` means everything."""
        keys = {"all", f"user:{self.pk}"}
        if self.sees_everything:
            return frozenset(keys | {"*"})
        return frozenset(keys | {f"queue:{queue_id}" for queue_id in self.queue_ids})

    # Sessions ---------------------------------------------------------------------------

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Binds a session to password and epoch: changing either ends it at its next request."""
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("crm.staff.session", value, secret=secret, algorithm="sha256").hexdigest()
