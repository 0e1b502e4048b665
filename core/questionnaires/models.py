import json
import secrets
from datetime import datetime

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.privacy import EncryptedRow, WrittenTextField


def new_nonce() -> str:
    return secrets.token_hex(16)


class InvitationState(models.TextChoices):
    OPEN = "open", _("待回答")
    ANSWERED = "answered", _("已回答")
    CANCELLED = "cancelled", _("已取消")
    EXPIRED = "expired", _("已过期")


class Questionnaire(models.Model):
    """A set of questions under one name; what is asked stands in its versions."""

    key = models.SlugField(_("代号"), max_length=100, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("问卷")
        verbose_name_plural = pgettext_lazy("many", "问卷")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def live_version(self) -> "QuestionnaireVersion | None":
        """The published version with the highest number."""
        return self.versions.filter(published_at__isnull=False).order_by("-number").first()


class QuestionnaireVersion(models.Model):
    """What is asked, unchangeable once published. `questions` has the form of core.questionnaires.questions."""

    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT, related_name="versions", verbose_name=_("问卷"))
    number = models.PositiveIntegerField(_("版本"))
    title = models.CharField(_("标题"), max_length=100)
    introduction = models.CharField(_("说明"), max_length=500, blank=True)
    thanks = models.CharField(_("感谢语"), max_length=500, blank=True)
    questions = models.JSONField(_("问题"), default=list)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("作者")
    )
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("问卷版本")
        verbose_name_plural = pgettext_lazy("many", "问卷版本")
        ordering = ["questionnaire", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="core_questionnaire_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, at: datetime | None = None) -> "InvitationQuerySet":
        """Invitations that can still be answered."""
        return self.filter(answered_at=None, cancelled_at=None, expires_at__gt=at or clock.now())

    def about(self, subject_type: str, subject_id: int) -> "InvitationQuerySet":
        return self.filter(subject_type=subject_type, subject_id=subject_id)


class Invitation(models.Model):
    """One person asked once. The link's token is derived from `nonce`; here stands only its hash."""

    key = models.CharField(_("唯一键"), max_length=200, unique=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    version = models.ForeignKey(
        QuestionnaireVersion, models.PROTECT, related_name="invitations", verbose_name=_("问卷版本")
    )
    subject_type = models.CharField(_("对象类型"), max_length=40)
    subject_id = models.BigIntegerField(_("对象编号"))
    recipient = models.CharField(_("受邀人"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now)
    expires_at = models.DateTimeField(_("过期时间"))
    answered_at = models.DateTimeField(_("回答时间"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("取消时间"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("问卷邀请")
        verbose_name_plural = pgettext_lazy("many", "问卷邀请")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(cancelled_at=None), name="core_invitation_one_end"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="core_invitation_lasts"),
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="core_invitation_subject")]

    def __str__(self) -> str:
        return self.key

    @property
    def state(self) -> InvitationState:
        if self.answered_at:
            return InvitationState.ANSWERED
        if self.cancelled_at:
            return InvitationState.CANCELLED
        return InvitationState.EXPIRED if self.expires_at <= clock.now() else InvitationState.OPEN


class Response(EncryptedRow):
    """The one answer to an invitation. Words are encrypted: people write phone numbers into them."""

    invitation = models.OneToOneField(Invitation, models.PROTECT, related_name="response", verbose_name=_("邀请"))
    answers = models.JSONField(_("回答"), default=dict, encoder=DjangoJSONEncoder)
    texts = WrittenTextField(_("文字回答"), blank=True, default="")
    score = models.SmallIntegerField(_("分数"), null=True, blank=True)
    created_at = models.DateTimeField(_("回答时间"), default=clock.now)

    class Meta:
        verbose_name = _("问卷回答")
        verbose_name_plural = pgettext_lazy("many", "问卷回答")
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="core_response_created")]

    def __str__(self) -> str:
        return f"{self.invitation_id}: {self.score}"

    @property
    def written(self) -> dict[str, str]:
        """The answers in words, by question."""
        words: dict[str, str] = json.loads(self.texts) if self.texts else {}
        return words

    @property
    def comment(self) -> str:
        return self.written.get("comment", "")
