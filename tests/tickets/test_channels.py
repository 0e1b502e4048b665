"""Every kind of channel says what it is, in one module."""

import pytest

from tickets import channels
from tickets.channels import Content, Proof
from tickets.choices import ChannelKind


@pytest.mark.capability("B03")
def test_every_kind_has_its_module() -> None:
    assert set(channels.KINDS) == set(ChannelKind.values)


@pytest.mark.parametrize("kind", ChannelKind.values)
def test_what_sends_says_what_it_carries(kind: str) -> None:
    channel_type = channels.of(kind)
    is_overridden = type(channel_type).queue_reply is not channels.ChannelType.queue_reply
    assert is_overridden == bool(channel_type.sends)
    if channel_type.text_bytes is not None or channel_type.reply_window is not None:
        assert Content.TEXT in channel_type.sends


def test_other_systems_fetch_the_replies_of_signed_channels() -> None:
    signed = {kind for kind, row in channels.KINDS.items() if row.proof == Proof.SIGNATURE}
    assert {kind for kind, row in channels.KINDS.items() if row.is_relayed} == signed
    assert signed == {ChannelKind.API, ChannelKind.CHAT, ChannelKind.SOCIAL, ChannelKind.SHOP}
