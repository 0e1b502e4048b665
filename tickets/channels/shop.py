"""Shop platforms, through the merchant's own connection; presets name their fields."""

from tickets.channels.base import ChannelType, Proof
from tickets.choices import ChannelKind


class Shop(ChannelType):
    kind = ChannelKind.SHOP
    is_relayed = True
    proof = Proof.SIGNATURE
