"""What a kind of channel is: what it carries, its limits, its window, and how its messages leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from django.utils.functional import Promise

if TYPE_CHECKING:
    from tickets.models import Attachment, Ticket, TicketMessage


class Content(StrEnum):
    """What a message can carry."""

    TEXT = "text"
    FILE = "file"
    IMAGE = "image"


class Proof(StrEnum):
    """How a message shows that it comes from where it says."""

    LOGIN = "login"  # a person or a system signed in here wrote it down
    SIGNATURE = "signature"  # Standard Webhooks with the channel's secret
    HEADERS = "headers"  # mail: nothing is proven, threads are found by our signed ids
    WECHAT = "wechat"  # SHA-1 over token, time and nonce; AES when the account uses it


@dataclass(frozen=True)
class Setting:
    """One value a channel of this kind needs, of the form `pattern`. Secrets are shown to nobody again."""

    name: str
    label: str | Promise
    is_secret: bool = False
    is_required: bool = True
    pattern: str = r".{1,200}"


class ChannelType:
    """A kind of channel. Without more, its messages are written down here and answered elsewhere.

    sends: what a reply may carry when it leaves through us. text_bytes: the longest text of one message
    in UTF-8; longer replies leave in parts. reply_window: how long after the customer's last message
    a reply may leave. is_relayed: another system fetches our replies and delivers them.
    """

    kind: ClassVar[str]
    sends: ClassVar[frozenset[Content]] = frozenset()
    text_bytes: ClassVar[int | None] = None
    reply_window: ClassVar[timedelta | None] = None
    is_relayed: ClassVar[bool] = False
    proof: ClassVar[Proof] = Proof.LOGIN
    settings: ClassVar[tuple[Setting, ...]] = ()

    def can_write_to(self, ticket: "Ticket") -> bool:
        """Whether a reply on this ticket would leave through us."""
        return False

    def window_closes_at(self, ticket: "Ticket") -> datetime | None:
        """Until when replies may leave; None without a window. May ask the database only where there is one."""
        return None

    def check_reply(self, *, ticket: "Ticket", body: str, attachments: Sequence["Attachment"]) -> None:
        """Refuse, with the reason and what to do instead, a reply that could never be delivered."""

    def queue_reply(self, *, ticket: "Ticket", message: "TicketMessage") -> None:
        """Put a reply into the outbox, in the caller's transaction."""
