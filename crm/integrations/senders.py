"""Delivery of webhooks, signed by Standard Webhooks."""

import json

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Signer

from core.errors import DomainError
from core.outbound import NoAnswer, post
from core.outbox import OutboxItem, Undeliverable, outbox_sender
from crm.integrations import services
from crm.integrations.models import Webhook

# The schedule that Standard Webhooks recommends, in seconds; the first retry comes quickly.
RETRY_AFTER = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
_GONE = 410


@outbox_sender("webhook", retry_after=RETRY_AFTER)
def send_webhook(item: OutboxItem) -> None:
    """POST one event. `webhook-id` is the item's key, the same on every try; the time signed is that of the try."""
    webhook = Webhook.objects.listening().filter(pk=int(item.target)).first()
    if webhook is None:
        raise Undeliverable("the address was deleted or switched off")
    body = json.dumps(item.payload, cls=DjangoJSONEncoder, ensure_ascii=False)
    try:
        answer = post(
            webhook.url, body=body.encode(), headers=signed_headers(webhook, item, body), allow=settings.WEBHOOK_ALLOW
        )
    except (NoAnswer, DomainError):
        services.note_failure(webhook=webhook)
        raise
    if 200 <= answer.status < 300:
        services.note_success(webhook=webhook)
        return
    services.note_failure(webhook=webhook, is_gone=answer.status == _GONE)
    if answer.status == _GONE:
        raise Undeliverable("the receiver answered 410 gone")
    raise NoAnswer(f"the receiver answered {answer.status}")


def signed_headers(webhook: Webhook, item: OutboxItem, body: str) -> dict[str, str]:
    """The three headers of Standard Webhooks and what goes with them."""
    moment = timezone.now()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kean-Webhooks/1",
        "webhook-id": item.dedupe_key,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Signer(webhook.secret).sign(item.dedupe_key, moment, body),
    }
