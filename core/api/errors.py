"""Every error of the API in one form: {"code", "message", "fields", …}."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from core.errors import DomainError
from core.text import printable

# PostgreSQL's codes for rows that clash with rows that are already there.
_CLASHES = {"23505", "23P01"}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into an answer; None lets an unknown one become a 500."""
    answer = _answer(exc)
    if answer is None:
        return None
    set_rollback()
    return answer


def _answer(exc: Exception) -> Response | None:
    if isinstance(exc, DomainError):
        return error_response(exc.status, exc.code, exc.message, exc.fields, **exc.extra)
    if isinstance(exc, exceptions.ValidationError):
        return _validation_response(exc.detail)
    if isinstance(exc, exceptions.APIException):
        return _api_response(exc)
    if isinstance(exc, Http404):
        return error_response(404, "not_found", _("没有找到。"))
    if isinstance(exc, PermissionDenied):
        return error_response(403, "permission_denied", _("没有权限执行此操作。"))
    if isinstance(exc, DjangoValidationError):
        return _validation_response(_messages(exc))
    if isinstance(exc, RequestDataTooBig):
        return error_response(413, "too_large", _("请求内容过大。"))
    if isinstance(exc, DataError):
        return error_response(400, "invalid", _("有一项内容过长或超出允许的范围。"))
    if isinstance(exc, IntegrityError):
        return _integrity_response(exc)
    return None


def error_response(
    status: int, code: str, message: str, fields: dict[str, list[str]] | None = None, **extra: Any
) -> Response:
    """An error answer. `extra` become top-level keys beside code, message and fields."""
    body = {**extra, "code": code, "message": message, "fields": fields or {}}
    return Response(body, status=status)


def not_found_view(request: HttpRequest, exception: Exception) -> JsonResponse:
    """The answer to an unknown address below /api/, in the form of all other errors."""
    body = {"code": "not_found", "message": _("没有找到。"), "fields": {}}
    return JsonResponse(body, status=404, json_dumps_params={"ensure_ascii": False})


def flatten_errors(detail: Any) -> dict[str, list[str]]:
    """Nested serializer errors as {"customer.phone": [sentence, …]}; those of no field under ""."""
    flat: dict[str, list[str]] = {}
    for path, sentence in _walk(detail, ()):
        flat.setdefault(".".join(path), []).append(sentence)
    return flat


def _walk(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = name in (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS)
            yield from _walk(inner, path if whole else (*path, printable(str(name))))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            plain = isinstance(inner, str)
            yield from _walk(inner, path if plain else (*path, str(index)))
    else:
        yield path, printable(str(detail))


def _validation_response(detail: Any) -> Response:
    fields = flatten_errors(detail)
    whole = fields.pop("", [])
    message = " ".join(whole) or _("提交的内容有误，请检查标出的项。")
    return error_response(400, "invalid", message, fields)


def _messages(exc: DjangoValidationError) -> Any:
    return exc.message_dict if hasattr(exc, "error_dict") else exc.messages


def _api_response(exc: exceptions.APIException) -> Response:
    detail = exc.detail
    code = exc.get_codes()
    message = " ".join(sentence for _path, sentence in _walk(detail, ()))
    response = error_response(exc.status_code, code if isinstance(code, str) else exc.default_code, message)
    if auth_header := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        response["Retry-After"] = str(max(1, int(wait)))
    return response


def _integrity_response(exc: IntegrityError) -> Response:
    if getattr(exc.__cause__, "sqlstate", None) in _CLASHES:
        return error_response(409, "conflict", _("已经有相同的记录。"))
    return error_response(400, "invalid", _("内容与已有的数据不符。"))
