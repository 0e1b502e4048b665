"""The settings of a channel, judged by its kind and kept encrypted."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from tickets import channels
from tickets.channels import Setting
from tickets.models import Channel


def merged(channel: Channel, given: Mapping[str, str]) -> str | None:
    """The settings with what was given put in; an empty value takes one away. Raises InvalidInput.

    What is not given stays, so that a secret need not be typed again.
    """
    known = {setting.name: setting for setting in channels.of(channel.kind).settings}
    faults = [
        sentence for name, value in given.items() if (sentence := _fault(known.get(name), name, str(value).strip()))
    ]
    if faults:
        raise InvalidInput(faults[0], fields={"settings": faults})
    kept: dict[str, str] = json.loads(channel.config or "{}")
    kept |= {name: str(value).strip() for name, value in given.items()}
    kept = {name: value for name, value in kept.items() if value and name in known}
    return json.dumps(kept) if kept else None


def shown(channel: Channel) -> dict[str, Any]:
    """What may be told of the settings: plain values, and of secrets only whether they are set."""
    if not channels.of(channel.kind).settings:
        return {}
    kept: dict[str, str] = json.loads(channel.config or "{}")
    return {
        setting.name: bool(kept.get(setting.name)) if setting.is_secret else kept.get(setting.name, "")
        for setting in channels.of(channel.kind).settings
    }


def missing(channel: Channel) -> list[Setting]:
    """Settings without which the channel cannot work."""
    kept: dict[str, str] = json.loads(channel.config or "{}")
    wanted = channels.of(channel.kind).settings
    return [setting for setting in wanted if setting.is_required and not kept.get(setting.name)]


def _fault(setting: Setting | None, name: str, value: str) -> str | None:
    if setting is None:
        return _("此类渠道没有参数 %(name)s。") % {"name": name[:50]}
    if value and not re.fullmatch(setting.pattern, value, re.ASCII):
        return _("%(label)s 的格式不正确。") % {"label": setting.label}
    return None
