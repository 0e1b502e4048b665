"""What of the outbox leaves through tickets."""

from core.outbox import OutboxItem, outbox_sender
from tickets.channels import wechat
from tickets.channels.email import REPLY
from tickets.services import bounces, import_batches
from tickets.services.mailboxes import polling
from tickets.services.wechat import media, sending

#: Seconds between tries: soon for a server that lists strangers grey, then for a day and a half.
RETRY_AFTER = (60, 300, 900, 1800, 3600, 7200, 14400, 28800, 57600)


@outbox_sender(REPLY, retry_after=RETRY_AFTER)
def send_email(item: OutboxItem) -> None:
    """A reply to a customer who wrote by mail."""
    bounces.deliver_reply(
        message_id=item.payload["message"],
        is_last_try=item.attempt >= len(RETRY_AFTER),
        is_first_try=item.attempt == 0,
    )


@outbox_sender(polling.POLL)
def fetch_mail(item: OutboxItem) -> None:
    """A conversation with a server, so outside transactions; one at a time for each mailbox by its lane."""
    polling.poll(item.payload["mailbox"])


#: Seconds between tries of WeChat: soon, since its window closes, and for half a day.
WECHAT_RETRY_AFTER = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400)


@outbox_sender(wechat.REPLY, retry_after=WECHAT_RETRY_AFTER)
def send_wechat(item: OutboxItem) -> None:
    """One part of a reply to a customer who wrote by WeChat."""
    sending.deliver(
        message_id=item.payload["message"],
        index=item.payload["part"],
        is_last_try=item.attempt >= len(WECHAT_RETRY_AFTER),
        is_first_try=item.attempt == 0,
    )


@outbox_sender(media.KIND, retry_after=WECHAT_RETRY_AFTER)
def fetch_wechat_media(item: OutboxItem) -> None:
    """A picture, voice, video or file that a customer sent by WeChat."""
    media.fetch(
        inbound_id=item.payload["inbound"],
        message_id=item.payload["message"],
        is_last_try=item.attempt >= len(WECHAT_RETRY_AFTER),
    )


@outbox_sender(import_batches.KIND)
def import_lines(item: OutboxItem) -> None:
    """Some lines of a file that somebody confirmed."""
    import_batches.import_rows(item.payload["rows"])
