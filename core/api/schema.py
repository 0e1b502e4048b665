"""The OpenAPI document: errors, idempotency and strictness written once for all operations."""

from typing import Any, Literal

from django.apps import apps
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.serializers import CharField

from core.api.serializers import ErrorSerializer, StrictMixin

_ALWAYS = ("400", "401", "403", "429")
_WITH_BODY = ("409", "413", "415")


class AutoSchema(SpectacularAutoSchema):
    """Adds to every operation what all operations share."""

    def get_tags(self) -> list[str]:
        config = apps.get_containing_app_config(type(self.view).__module__)
        return [config.label if config else "core"]

    def get_override_parameters(self) -> list[Any]:
        return [_idempotency_key()] if self.method == "POST" else []

    def get_response_serializers(self) -> Any:
        shown = getattr(self.view, "get_read_serializer_class", None)
        action = getattr(self.view, "action", None)
        if shown is not None and action in ("list", "retrieve", "create", "partial_update"):
            return shown()
        return super().get_response_serializers()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code in self._error_codes():
            if code not in bodies:
                bodies[code] = self._get_response_for_code(ErrorSerializer, code)
        return bodies

    def _error_codes(self) -> list[str]:
        codes = list(_ALWAYS)
        if "{" in self.path:
            codes.append("404")
        if self.method in ("POST", "PATCH", "PUT", "DELETE"):
            codes.extend(_WITH_BODY)
        return sorted(codes)

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        for parameter in parameters:
            if parameter["in"] == "query":
                parameter["allowEmptyValue"] = True
                _allow_no_nul(parameter["schema"])
                if parameter["name"] != "page_size":
                    # Taken from the column; a filter beyond it simply finds nothing.
                    parameter["schema"].pop("minimum", None)
                    parameter["schema"].pop("maximum", None)
        return parameters

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if direction == "request" and type(field) is CharField and schema:
            if not field.allow_blank:
                schema.setdefault("minLength", 1)
            _allow_no_nul(schema, blank=field.allow_blank)
        return schema

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(serializer, StrictMixin):
            schema["additionalProperties"] = False
        return schema


def _allow_no_nul(schema: dict[str, Any], *, blank: bool = True) -> None:
    """Say of plain text that it takes no NUL, and that spaces alone are nothing where something is needed."""
    if schema.get("type") == "string" and not {"enum", "format", "pattern"} & schema.keys():
        schema["pattern"] = r"^[^\u0000]*$" if blank else r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


def _idempotency_key() -> OpenApiParameter:
    return OpenApiParameter(
        "Idempotency-Key",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        required=False,
        description=str(_("同一键与同一内容在 24 小时内得到首次的结果；内容不同则为 409。")),
        pattern="^[A-Za-z0-9_.:-]{1,200}$",
    )


def example(name: str, value: Any, *, request_only: bool = False, status: str | None = None) -> OpenApiExample:
    """An example for `extend_schema(examples=[…])`: of the request, or of the answer with this status."""
    return OpenApiExample(
        name,
        value=value,
        request_only=request_only,
        response_only=not request_only,
        status_codes=[status] if status else None,
    )


def translate_descriptions(result: Any, **_generation: Any) -> Any:
    """Hook of the document: what stands in docstrings, in the language it is written for."""
    if isinstance(result, dict):
        for key, value in result.items():
            if key == "description" and isinstance(value, str):
                result[key] = gettext(value) if value else value
            else:
                translate_descriptions(value)
    elif isinstance(result, list):
        for value in result:
            translate_descriptions(value)
    return result


class CleanCharFieldSchema(OpenApiSerializerFieldExtension):
    """Says in the document which characters a text field takes."""

    target_class = "core.api.fields.CleanCharField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        field = self.target
        schema: dict[str, Any] = {"type": "string"}
        if direction == "response":
            return schema
        schema["maxLength"] = field.max_length
        forbidden = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
        if not field.multiline:
            forbidden += r"\t\n\r\u202a-\u202e\u2066-\u2069"
        if field.allow_blank:
            schema["pattern"] = f"^[^{forbidden}]*$"
        else:
            schema["minLength"] = 1
            schema["pattern"] = rf"^[^{forbidden}]*[^\s{forbidden}][^{forbidden}]*$"
        return schema
