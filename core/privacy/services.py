"""Showing personal data in full, which is always written down."""

from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import InvalidInput, NotAllowed
from core.events import Event, record_event
from core.privacy.fields import EncryptedTextField
from core.text import has_forbidden_characters

REVEAL_PERMISSION = "customers.reveal_customer"
REVEALED = "personal_data.revealed"
REVEAL_BURST = "personal_data.reveal_burst"
# So many reveals within an hour are told to those who watch over privacy.
MANY_REVEALS = 30
_REASON_LENGTH = 200


@transaction.atomic
def reveal(*, instance: models.Model, field: str, actor: Any, reason: str) -> str:
    """The full value of an encrypted field, for a reason that is recorded together with the actor.

    The caller has made sure that the actor may see the row. Raises NotAllowed or InvalidInput.
    """
    if not actor.has_perm(REVEAL_PERMISSION):
        raise NotAllowed(_("没有权限查看完整的个人信息。"))
    reason = _checked_reason(reason)
    if field not in encrypted_field_names(type(instance)):
        message = _("没有这个可查看的字段。")
        raise InvalidInput(message, fields={"field": [message]})
    record_event(
        kind=REVEALED,
        subject_type=str(instance._meta.model_name),
        subject_id=instance.pk,
        actor=actor,
        payload={"field": field, "reason": reason},
    )
    _notice_burst(actor)
    return getattr(instance, field) or ""


def encrypted_field_names(model: type[models.Model]) -> list[str]:
    """The encrypted fields of a model."""
    return [field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]


def _checked_reason(reason: str) -> str:
    cleaned = reason.strip()
    if not cleaned or len(cleaned) > _REASON_LENGTH or has_forbidden_characters(cleaned, multiline=False):
        message = _("请用不超过 {most} 个字填写查看原因。").format(most=_REASON_LENGTH)
        raise InvalidInput(message, fields={"reason": [message]})
    return cleaned


def _notice_burst(actor: Any) -> None:
    recent = Event.objects.filter(kind=REVEALED, actor=actor, at__gt=now() - timedelta(hours=1)).count()
    if recent % MANY_REVEALS == 0:
        record_event(
            kind=REVEAL_BURST, subject_type="user", subject_id=actor.pk, actor=actor, payload={"count": recent}
        )
