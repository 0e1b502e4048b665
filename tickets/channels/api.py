"""Tickets of other systems, which fetch our replies."""

from tickets.channels.base import ChannelType, Proof
from tickets.choices import ChannelKind


class Api(ChannelType):
    kind = ChannelKind.API
    is_relayed = True
    proof = Proof.SIGNATURE
