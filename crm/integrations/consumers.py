"""Events on their way out."""

from core.events import Event, event_consumer
from core.outbox import OutboxData, enqueue_many
from crm.integrations.catalogue import public_name
from crm.integrations.models import Webhook
from crm.integrations.payloads import body_of


@event_consumer("webhooks")
def queue_webhooks(events: list[Event]) -> None:
    """Queue each event for every address that listens to it; per address and ticket they leave in order."""
    named = [(name, event) for event in events if (name := public_name(event.kind))]
    webhooks = list(Webhook.objects.listening().defer("secret")) if named else []
    enqueue_many(
        [
            OutboxData(
                kind="webhook",
                dedupe_key=f"msg_{event.pk}_{webhook.pk}",
                target=str(webhook.pk),
                payload=body_of(event),
                lane=f"webhook:{webhook.pk}:{event.subject_type}:{event.subject_id}",
            )
            for name, event in named
            for webhook in webhooks
            if name in webhook.events and event.pk > webhook.after_event
        ]
    )
