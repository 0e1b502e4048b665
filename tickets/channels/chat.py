"""Conversations on a shop's own pages."""

from tickets.channels.base import ChannelType, Proof
from tickets.choices import ChannelKind


class Chat(ChannelType):
    kind = ChannelKind.CHAT
    is_relayed = True
    proof = Proof.SIGNATURE
