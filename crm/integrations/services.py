"""Webhooks: set up, take down, and note how their receivers do."""

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict, InvalidInput
from core.events import Event, record_event
from core.outbound import AddressRefused, resolve
from core.wording import listed
from crm.integrations.catalogue import EVENT_NAMES
from crm.integrations.models import Webhook
from crm.staff.models import User

# A receiver that fails for so long without a single success is switched off.
GIVE_UP_AFTER = timedelta(days=5)


def create_webhook(*, url: str, events: Sequence[str], actor: User) -> tuple[Webhook, str]:
    """Register an address; returns it with its secret ("whsec_…"), which is not shown again."""
    unknown = sorted(set(events) - set(EVENT_NAMES))
    if unknown or not events:
        sentence = _("未知的事件：%s") % listed(unknown) if unknown else _("至少选择一个事件。")
        raise InvalidInput(sentence, fields={"events": [str(sentence)]})
    try:
        resolve(url, allow=settings.WEBHOOK_ALLOW)
    except AddressRefused as refused:
        raise InvalidInput(refused.message, code=refused.code, fields={"url": [refused.message]}) from refused
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with transaction.atomic():
        webhook = Webhook.objects.create(
            url=url,
            events=sorted(set(events)),
            secret=secret,
            created_by=actor,
            created_at=clock.now(),
            after_event=Event.objects.aggregate(newest=Max("id"))["newest"] or 0,
        )
        _record("webhook.created", webhook, actor, url=url, events=webhook.events)
    return webhook, secret


def delete_webhook(*, webhook: Webhook, actor: User) -> None:
    """Stop telling an address anything; what waits for it is dropped when its turn comes."""
    with transaction.atomic():
        if Webhook.objects.filter(pk=webhook.pk, deleted_at=None).update(deleted_at=clock.now()):
            _record("webhook.deleted", webhook, actor, url=webhook.url)


def enable_webhook(*, webhook: Webhook, actor: User) -> None:
    """Switch an address on again after it was switched off for failing."""
    with transaction.atomic():
        listening = Webhook.objects.filter(pk=webhook.pk, deleted_at=None).exclude(disabled_at=None)
        if not listening.update(disabled_at=None, failing_since=None):
            raise Conflict(_("这个地址没有被停用。"))
        _record("webhook.enabled", webhook, actor, url=webhook.url)


def note_success(*, webhook: Webhook) -> None:
    Webhook.objects.filter(pk=webhook.pk).update(last_success_at=clock.now(), failing_since=None)


def note_failure(*, webhook: Webhook, is_gone: bool = False) -> bool:
    """Note a failed delivery; True when the address is off now: for failing too long, or because it said "gone"."""
    now = clock.now()
    with transaction.atomic():
        row = Webhook.objects.filter(pk=webhook.pk)
        row.update(failing_since=Coalesce(F("failing_since"), now))
        doomed = row.filter(disabled_at=None)
        if not is_gone:
            doomed = doomed.filter(failing_since__lte=now - GIVE_UP_AFTER)
        is_off = doomed.update(disabled_at=now) > 0
        if is_off:
            reason = "gone" if is_gone else "failing"
            _record("webhook.disabled", webhook, None, url=webhook.url, reason=reason)
    return is_off


def _record(kind: str, webhook: Webhook, actor: User | None, **payload: object) -> None:
    record_event(kind=kind, subject_type="webhook", subject_id=webhook.pk, actor=actor, payload=payload)
