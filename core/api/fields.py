"""Serializer fields that know what the product stores."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.privacy import masks
from core.text import has_forbidden_characters

EARLIEST_MOMENT = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_MOMENT = datetime(2100, 1, 1, tzinfo=UTC)


class CleanCharField(serializers.CharField):
    """Text without control characters, trimmed, of at most `max_length` characters.

    A single line refuses line ends and writing-direction marks too; `multiline=True` allows
    them and stores every line end as a line feed.
    """

    default_error_messages = {"forbidden": _("含有不允许的字符。")}

    def __init__(self, *, max_length: int, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if has_forbidden_characters(value, multiline=self.multiline):
            self.fail("forbidden")
        return value.replace("\r\n", "\n").replace("\r", "\n") if self.multiline else value


class MomentField(serializers.DateTimeField):
    """A moment with offset, between 1990 and 2100."""

    default_error_messages = {"range": _("时间须在 1990 年到 2100 年之间。")}

    def enforce_timezone(self, value: datetime) -> datetime:
        moment = super().enforce_timezone(value)
        if not EARLIEST_MOMENT <= moment < LATEST_MOMENT:
            self.fail("range")
        return moment


class _MaskedField(serializers.CharField):
    """Shows personal data with its middle hidden. Never accepts input."""

    #: What hides the middle.
    mask: ClassVar[Callable[[str], str]]

    def __init__(self, **kwargs: Any) -> None:
        kwargs["read_only"] = True
        super().__init__(**kwargs)

    def to_representation(self, value: Any) -> str:
        return type(self).mask(str(value)) if value else ""


class MaskedPhone(_MaskedField):
    """138****8000"""

    mask = staticmethod(masks.mask_phone)


class MaskedEmail(_MaskedField):
    """z***@example.com"""

    mask = staticmethod(masks.mask_email)


class MaskedName(_MaskedField):
    """王**"""

    mask = staticmethod(masks.mask_name)


class MaskedAddress(_MaskedField):
    """Province and city stay, the rest is hidden."""

    mask = staticmethod(masks.mask_address)
