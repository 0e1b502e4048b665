"""Answers kept for 24 hours, so that a request sent twice is done once.

The record is written in the transaction of the work itself: either both are there or neither.
Two requests with one key at the same moment are held apart by an advisory lock.
"""

import hashlib
import time
from datetime import datetime, timedelta

from django.db import connection, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.clock import now
from core.errors import Conflict
from core.privacy import EncryptedRow, EncryptedTextField
from core.timers.registry import periodic

KEPT_FOR = timedelta(hours=24)
_WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.05
_PATH_LENGTH = 500


class IdempotencyRecord(EncryptedRow):
    """The first answer to a request. Encrypted: answers may hold a secret that is shown once."""

    scope = models.CharField(gettext_lazy("范围"), max_length=50)
    key = models.CharField(gettext_lazy("幂等键"), max_length=200)
    path = models.CharField(gettext_lazy("路径"), max_length=_PATH_LENGTH)
    body_digest = models.CharField(gettext_lazy("内容摘要"), max_length=64)
    status = models.PositiveSmallIntegerField(gettext_lazy("状态码"))
    body = EncryptedTextField(gettext_lazy("结果"))
    created_at = models.DateTimeField(gettext_lazy("创建时间"), default=now, db_index=True)

    class Meta:
        verbose_name = gettext_lazy("幂等记录")
        verbose_name_plural = pgettext_lazy("many", "幂等记录")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


def first_answer(*, scope: str, key: str, path: str, digest: str) -> IdempotencyRecord | None:
    """The record of an earlier, equal request; None when this is the first one.

    Must run inside the transaction that does the work: it holds the key until the end of it.
    Raises Conflict when the key was used for something else, or its first use has not ended.
    """
    _hold(scope, key)
    record = IdempotencyRecord.objects.filter(scope=scope, key=key).first()
    if record is None:
        return None
    if record.created_at <= now() - KEPT_FOR:
        record.delete()
        return None
    if (record.path, record.body_digest) != (path[:_PATH_LENGTH], digest):
        raise Conflict(_("这个 Idempotency-Key 已用于另一个请求。"), code="idempotency_key_reused")
    return record


def remember(*, scope: str, key: str, path: str, digest: str, status: int, body: str) -> None:
    """Keep the answer, in the transaction of the work."""
    IdempotencyRecord.objects.create(
        scope=scope, key=key, path=path[:_PATH_LENGTH], body_digest=digest, status=status, body=body
    )


@periodic("idempotency_purge", every=timedelta(hours=1))
def purge_hourly(slot: datetime) -> None:
    purge_expired()


def purge_expired() -> int:
    """Delete what is older than 24 hours. Returns how many."""
    deleted, _by_model = IdempotencyRecord.objects.filter(created_at__lte=now() - KEPT_FOR).delete()
    return deleted


def _hold(scope: str, key: str) -> None:
    """Take the key for this transaction; wait a little for another request that has it."""
    digest = hashlib.sha256(f"{scope}\x00{key}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    give_up = time.monotonic() + _WAIT_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            if cursor.fetchone()[0]:
                return
            if time.monotonic() >= give_up:
                raise Conflict(_("相同的请求正在处理，请稍后再试。"), code="in_progress")
            time.sleep(_POLL_SECONDS)
