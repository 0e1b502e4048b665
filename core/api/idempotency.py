"""`Idempotency-Key`: the same POST sent twice is done once and answered twice."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core import idempotency
from core.errors import InvalidInput

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


class IdempotentCreateMixin:
    """Any POST of the view that carries the header and succeeds is remembered for 24 hours."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        key = request.headers.get(HEADER)
        handler = getattr(self, "post", None)
        if request.method == "POST" and key is not None and handler is not None:
            # The dispatcher looks the handler up on this instance, which lives for one request.
            self.post = partial(_once, key, handler)


def _once(key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
    if not _KEY.fullmatch(key):
        message = _("只能用 1 到 200 个字母、数字和 _ . : -。")
        raise InvalidInput(_("Idempotency-Key 无效。"), code="invalid_key", fields={HEADER: [message]})
    scope = f"user:{request.user.pk}" if request.user.is_authenticated else "public"
    digest = body_digest(request)
    with transaction.atomic():
        first = idempotency.first_answer(scope=scope, key=key, path=request.path, digest=digest)
        if first is not None:
            return Response(json.loads(first.body), status=first.status, headers={"Idempotent-Replayed": "true"})
        response = handler(request, *args, **kwargs)
        if 200 <= response.status_code < 300:
            body = JSONRenderer().render(response.data).decode() or "null"
            idempotency.remember(
                scope=scope, key=key, path=request.path, digest=digest, status=response.status_code, body=body
            )
        return response


def body_digest(request: Request) -> str:
    """SHA-256 over the meaning of the body: spaces and the order of keys do not count, files do."""
    digest = hashlib.sha256((request.method or "").encode())
    data = request.data
    if hasattr(data, "lists"):
        for name, values in sorted(data.lists()):
            for value in values:
                digest.update(f"\x00{name}\x00".encode("utf-8", "backslashreplace"))
                _add_part(digest, value)
    else:
        digest.update(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def _add_part(digest: Any, value: Any) -> None:
    if isinstance(value, UploadedFile):
        digest.update((value.name or "").encode("utf-8", "backslashreplace"))
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
    else:
        digest.update(str(value).encode("utf-8", "backslashreplace"))
