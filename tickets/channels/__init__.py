"""Kinds of channels, one module each. Adding one: a module here, its word in `ChannelKind`, and a row.

of(channel.kind).check_reply(ticket=ticket, body=body, attachments=())
"""

from tickets.channels.api import Api
from tickets.channels.base import ChannelType, Content, Proof, Setting
from tickets.channels.chat import Chat
from tickets.channels.email import Email
from tickets.channels.imported import Imported
from tickets.channels.onsite import Onsite
from tickets.channels.other import Other
from tickets.channels.phone import Phone
from tickets.channels.shop import Shop
from tickets.channels.social import Social
from tickets.channels.web import Web
from tickets.channels.wechat import WeChat

KINDS: dict[str, ChannelType] = {
    kind.kind: kind
    for kind in (Api(), Chat(), Email(), Imported(), Onsite(), Other(), Phone(), Shop(), Social(), Web(), WeChat())
}


def of(kind: str) -> ChannelType:
    """What is known of a kind of channel."""
    return KINDS[kind]


__all__ = ["KINDS", "ChannelType", "Content", "Proof", "Setting", "of"]
