"""A mailbox of a channel: where its mail is fetched, and through which server answers leave."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.mail_servers import Security
from core.privacy import EncryptedRow, EncryptedTextField
from tickets.models.channel import Channel

_PORT = [MinValueValidator(1), MaxValueValidator(65535)]


class Mailbox(EncryptedRow):
    """The account behind a mail channel, and how far it was read."""

    channel = models.OneToOneField(
        Channel,
        verbose_name=_("渠道"),
        on_delete=models.PROTECT,
        related_name="mailbox",
        limit_choices_to={"kind": "email"},
    )
    address = models.EmailField(_("邮箱地址"), unique=True, help_text=_("客户看到的发件地址。"))
    username = models.CharField(_("登录名"), max_length=200, blank=True, help_text=_("留空则用邮箱地址登录。"))
    password = EncryptedTextField(_("密码或授权码"), blank=True, default="")
    imap_host = models.CharField(_("收信服务器（IMAP）"), max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(_("收信端口"), default=993, validators=_PORT)
    imap_security = models.CharField(_("收信加密"), max_length=10, choices=Security, default=Security.TLS)
    folder = models.CharField(_("收信文件夹"), max_length=200, default="INBOX")
    smtp_host = models.CharField(
        _("发信服务器（SMTP）"), max_length=253, blank=True, help_text=_("留空则经系统的发信服务器发出。")
    )
    smtp_port = models.PositiveIntegerField(_("发信端口"), default=465, validators=_PORT)
    smtp_security = models.CharField(_("发信加密"), max_length=10, choices=Security, default=Security.TLS)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("创建时间"), default=clock.now, editable=False)
    # How far it was read. A changed UIDVALIDITY means that the server numbered its mails anew.
    uid_validity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    #: Mails below `last_uid` that are still to be fetched: unread ones that were there before us.
    waiting_uids = models.JSONField(default=list, blank=True, editable=False)
    checked_at = models.DateTimeField(_("上次收信"), null=True, blank=True, editable=False)
    next_at = models.DateTimeField(_("下次收信"), null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("连续失败次数"), default=0, editable=False)
    last_error = models.CharField(_("最近错误"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("邮箱")
        verbose_name_plural = pgettext_lazy("many", "邮箱")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.address

    @property
    def login(self) -> str:
        return self.username or self.address
