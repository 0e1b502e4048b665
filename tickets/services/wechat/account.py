"""The settings of an official account, kept encrypted on its channel."""

import json
from dataclasses import dataclass

from tickets.models import Channel
from tickets.wechat.crypto import decode_key


@dataclass(frozen=True)
class Account:
    """What the account's console shows. Without a key messages come unencrypted."""

    app_id: str
    app_secret: str
    token: str
    encoding_aes_key: str = ""

    @property
    def key(self) -> bytes | None:
        return decode_key(self.encoding_aes_key) if self.encoding_aes_key else None


def account_of(channel: Channel) -> Account | None:
    """The account of a channel; None while its settings are not complete."""
    given = json.loads(channel.config or "{}")
    if not all(given.get(name) for name in ("app_id", "app_secret", "token")):
        return None
    return Account(
        given["app_id"], given["app_secret"], given["token"], encoding_aes_key=given.get("encoding_aes_key", "")
    )
