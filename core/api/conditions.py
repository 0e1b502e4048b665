"""A condition in a serializer."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.conditions import ConditionError, FieldSet, parse


@extend_schema_field(OpenApiTypes.OBJECT)
class ConditionField(serializers.JSONField):
    """A rule over `fieldset`, checked on the way in and kept as JSON."""

    def __init__(self, *, fieldset: FieldSet, **kwargs: Any) -> None:
        self.fieldset = fieldset
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            parse(value, self.fieldset)
        except ConditionError as error:
            raise serializers.ValidationError(error.sentences) from None
        return value
