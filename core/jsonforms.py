"""JSON in forms, for what has no form of its own."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput, JSONString
from rest_framework.exceptions import APIException

from core.api.errors import flatten_errors
from core.api.parsers import parse_json
from core.wording import explained


class StrictJSONField(forms.JSONField):
    """JSON read as strictly as the API reads it, and shown again as it was typed."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return super().to_python(value)
        if not value.strip():
            return None
        try:
            found = parse_json(value.encode("utf-8", "replace"))
        except APIException as error:
            faults = flatten_errors(error.detail)
            raise ValidationError(
                [explained(path, one) if path else one for path, sentences in faults.items() for one in sentences]
            ) from error
        return JSONString(found) if isinstance(found, str) else found

    def bound_data(self, data: Any, initial: Any) -> Any:
        if self.disabled or data is None:
            return super().bound_data(data, initial)
        return InvalidJSONInput(data)
