"""Setting a mailbox up: checked before it is saved, its password never shown again."""

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput
from core.events import record_event
from core.mail_servers import check_server
from core.outbound import AddressRefused
from tickets.choices import ChannelKind
from tickets.models import Mailbox
from tickets.services import channel_health
from tickets.services.channel_health import Way

if TYPE_CHECKING:
    from crm.staff.models import User

SAVED = "mailbox.saved"
_READING = ("imap_host", "imap_port", "imap_security", "folder", "username", "address")


@transaction.atomic
def save_mailbox(*, mailbox: Mailbox, actor: "User | None", password: str = "") -> Mailbox:
    """Save a new or changed mailbox; an empty password keeps the stored one. Raises InvalidInput or Conflict.

    Another account or server is read from its beginning: what was known of the old one says nothing of it.
    """
    check_mailbox(mailbox)
    if password:
        mailbox.password = password
    known = Mailbox.objects.filter(pk=mailbox.pk).first() if mailbox.pk else None
    if known is not None and any(getattr(known, name) != getattr(mailbox, name) for name in _READING):
        mailbox.uid_validity, mailbox.last_uid, mailbox.waiting_uids = None, 0, []
    # Whoever changed something wants to see at once whether it helps.
    mailbox.failures, mailbox.next_at, mailbox.last_error = 0, None, ""
    try:
        with transaction.atomic():
            mailbox.save()
    except IntegrityError as error:
        field = "channel" if "(channel_id)" in str(error) else "address"
        raise Conflict(_("已有相同的记录。"), code="duplicate", fields={field: [_("该值已被占用。")]}) from error
    for way in Way:
        channel_health.works(channel_id=mailbox.channel_id, way=way)
    record_event(
        kind=SAVED,
        subject_type="mailbox",
        subject_id=mailbox.pk,
        actor=actor,
        payload={"channel": mailbox.channel.key, "active": mailbox.is_active, "password_changed": bool(password)},
    )
    return mailbox


def check_mailbox(mailbox: Mailbox) -> None:
    """Refuse what cannot work, naming the field; hosts must be public or allowed. Puts the words into their form."""
    mailbox.address = mailbox.address.strip().lower()
    if mailbox.channel.kind != ChannelKind.EMAIL:
        _refuse("channel", _("请选择邮件渠道。"))
    if not mailbox.imap_host and not mailbox.smtp_host:
        _refuse("imap_host", _("请填写收信或发信服务器。"))
    if not mailbox.folder.isascii() or '"' in mailbox.folder or not mailbox.folder.isprintable():
        _refuse("folder", _("文件夹名只能用英文字符。"))
    for name in ("imap", "smtp"):
        host = getattr(mailbox, f"{name}_host").strip().lower()
        setattr(mailbox, f"{name}_host", host)
        if not host:
            continue
        try:
            check_server(
                host=host, port=getattr(mailbox, f"{name}_port"), security=getattr(mailbox, f"{name}_security")
            )
        except AddressRefused as refused:
            raise InvalidInput(refused.message, code=refused.code, fields={f"{name}_host": [refused.message]}) from None


def _refuse(field: str, sentence: str) -> None:
    raise InvalidInput(sentence, fields={field: [sentence]})
