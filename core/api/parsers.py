"""The one JSON parser of the API: small, strict, and it says which field is at fault."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from core.errors import TooLarge
from core.text import printable, unstorable

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50


class StrictJSONParser(BaseParser):
    """JSON of at most 1 MB and 50 levels; no NaN, no infinity, no NUL, no half surrogate pair."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {}).get("request")
        if request is not None:
            _check_encoding(request.META.get("HTTP_CONTENT_ENCODING", ""))
            _check_length(request.META.get("CONTENT_LENGTH") or "")
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise too_large()
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text, or ParseError / ValidationError with the fields at fault."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise ParseError(_("请求内容不是 UTF-8 编码。")) from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        sentence = _("不是有效的 JSON：第 {line} 行第 {column} 个字符起读不下去。")
        raise ParseError(sentence.format(line=error.lineno, column=error.colno)) from None
    except ValueError as error:
        raise ParseError(_("不是有效的 JSON：{error}").format(error=printable(str(error)))) from None
    if faults := _faults(value):
        raise ValidationError(faults)
    return value


def too_large() -> TooLarge:
    return TooLarge(_("请求内容超过 1 MB。"))


def _check_encoding(encoding: str) -> None:
    if encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(encoding, _("不接受压缩的请求内容。"))


def _check_length(length: str) -> None:
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > MAX_BYTES:
        raise too_large()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two values one would be lost without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _value in pairs)
        doubles = sorted(name for name, count in counts.items() if count > 1)
        raise ValidationError({printable(name): [_("同一字段出现了多次。")] for name in doubles})
    return found


def _refuse_constant(word: str) -> Any:
    raise ValueError(_("不接受 {word}").format(word=word))


def _too_deep() -> ParseError:
    return ParseError(_("JSON 嵌套超过 {depth} 层。").format(depth=MAX_DEPTH))


def _faults(value: Any) -> dict[str, list[str]]:
    """Sentences by dotted path for text and numbers that no database can hold."""
    faults: dict[str, list[str]] = {}
    pending: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while pending:
        item, path = pending.pop()
        if isinstance(item, dict | list):
            if len(path) >= MAX_DEPTH:
                raise _too_deep()
            pending.extend((inner, (*path, key)) for key, inner in _children(item))
        if sentence := _fault_of(item, path):
            faults.setdefault(printable(".".join(path)), []).append(sentence)
    return faults


def _children(item: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(item, dict):
        yield from item.items()
    else:
        yield from ((str(index), inner) for index, inner in enumerate(item))


def _fault_of(item: Any, path: tuple[str, ...]) -> str | None:
    if path and unstorable(path[-1]):
        return _("字段名含有不允许的字符。")
    if isinstance(item, str) and unstorable(item):
        return _("含有不允许的字符（空字符或不完整的编码）。")
    if isinstance(item, float) and not math.isfinite(item):
        return _("数字超出范围。")
    return None
