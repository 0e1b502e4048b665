"""Keys of other systems: issue and revoke."""

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_event
from crm.staff.models import ApiToken, User
from crm.staff.token_cache import digest_of, forget

_PREFIX = "kean_"
_SHOWN = len(_PREFIX) + 6


def issue_token(
    *, user: User, name: str = "", actor: User | None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a key for the person. The second value is the key itself and is never to be had again."""
    if actor is not None and actor.pk != user.pk and not actor.is_admin:
        raise NotAllowed(_("只能为自己创建令牌。"))
    if expires_at is not None and expires_at <= clock.now():
        sentence = str(_("到期时间必须晚于现在。"))
        raise InvalidInput(sentence, fields={"expires_at": [sentence]})
    key = _PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=key[:_SHOWN],
            digest=digest_of(key),
            created_at=clock.now(),
            expires_at=expires_at,
        )
        _record("token.issued", token, actor)
    return token, key


def revoke_token(*, token: ApiToken, actor: User | None) -> None:
    """End a key at once. Doing it twice changes nothing."""
    if actor is not None and actor.pk != token.user_id and not actor.is_admin:
        raise NotAllowed(_("只能撤销自己的令牌。"))
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
            _record("token.revoked", token, actor)
        transaction.on_commit(lambda: forget([token.digest]))
    token.refresh_from_db(fields=["revoked_at"])


def _record(kind: str, token: ApiToken, actor: User | None) -> None:
    record_event(
        kind=kind,
        subject_type="user",
        subject_id=token.user_id,
        actor=actor,
        payload={"token": token.pk, "name": token.name, "prefix": token.prefix},
    )
