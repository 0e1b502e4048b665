"""Social media, through a system that speaks with them."""

from tickets.channels.base import ChannelType, Proof
from tickets.choices import ChannelKind


class Social(ChannelType):
    kind = ChannelKind.SOCIAL
    is_relayed = True
    proof = Proof.SIGNATURE
