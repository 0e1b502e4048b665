"""Serializers that refuse by name what they do not know."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

# Sent by every HTML form; not a field of anything.
_FORM_FIELDS = {"csrfmiddlewaretoken"}


class StrictMixin:
    """Refuses unknown and read-only fields of the input, each by name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            faults = self._faults(data)
            if faults:
                raise serializers.ValidationError(faults)
        return super().to_internal_value(data)  # type: ignore[misc]

    def _faults(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        fields: Mapping[str, serializers.Field] = self.fields  # type: ignore[attr-defined]
        faults: dict[str, list[str]] = {}
        for name in data:
            known = fields.get(name) or fields.get(name.split(".")[0].split("[")[0])
            if known is None and name not in _FORM_FIELDS:
                faults[name] = [_("未知字段。")]
            elif known is not None and known.read_only:
                faults[name] = [_("此字段不能直接填写。")]
        return faults


class StrictSerializer(StrictMixin, serializers.Serializer):
    """A serializer of plain input or output."""


class StrictModelSerializer(StrictMixin, serializers.ModelSerializer):
    """A serializer of one model's rows."""


class NothingSerializer(StrictSerializer):
    """不需要内容。"""


class ErrorSerializer(serializers.Serializer):
    """错误：代码给程序，句子给人。"""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
