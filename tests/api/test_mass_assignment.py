"""What a caller may not set cannot be slipped in: every writable operation refuses such fields by name."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from tests.api.permission_table import ROWS, UPLOAD, Row
from tests.api.walking import api_answer, fresh_address, undone
from tests.world import PNG, World
from tickets.models import Channel

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J20")]

#: Values of the right type, so that nothing but the field itself can be the fault.
PROTECTED: dict[str, Any] = {
    "id": 1,
    "pk": 1,
    "number": "26010100000001",
    "created_at": "2020-01-01T00:00:00+08:00",
    "updated_at": "2020-01-01T00:00:00+08:00",
    "author": 1,
    "author_id": 1,
    "actor": 1,
    "actor_id": 1,
    "owner": 1,
    "uploader": 1,
    "created_by": 1,
    "reviewer": 1,
    "assignee": 1,
    "assignee_id": 1,
    "customer_id": 1,
    "queue_id": 1,
    "user": 1,
    "user_id": 1,
    "is_superuser": True,
    "is_staff": True,
    "role": "admin",
    "permissions": ["tickets.delete_ticket"],
    "status": "closed",
    "state": "published",
    "version": 99,
    "solved_at": "2020-01-01T00:00:00+08:00",
    "closed_at": "2020-01-01T00:00:00+08:00",
    "first_responded_at": "2020-01-01T00:00:00+08:00",
    "published_at": "2020-01-01T00:00:00+08:00",
    "approved_at": "2020-01-01T00:00:00+08:00",
    "score": 5,
    "secret": "x",
    "token_hash": "x",
    "row_key": "x",
}
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="
CHANGES = ("post", "put", "patch")


def operations() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Method, path and writable fields of each operation of the document that changes something."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    shapes = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method in CHANGES:
            if method in item:
                yield method.upper(), path, frozenset(_fields(item[method], shapes))


def _fields(operation: dict[str, Any], shapes: dict[str, Any]) -> Iterator[str]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        shape = content["schema"]
        shape = shapes[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
        yield from (name for name, field in shape.get("properties", {}).items() if not field.get("readOnly"))


def row_of(method: str, path: str, world: World) -> Row:
    pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
    rows = (row for row in ROWS if row.method == method and pattern.fullmatch(world.address(row.path).split("?")[0]))
    return next(rows)


def answer_to(row: Row, world: World, extra: dict[str, Any]) -> Any:
    if "{channel_key}" in row.path:
        return _signed(row, world, extra)
    if UPLOAD not in row.body.values():
        # What is nobody's business but the supervisor's does not exist for an admin.
        role = "supervisor" if row.statuses.split()[5] == "404" else "admin"
        return api_answer(replace(row, body={**row.body, **extra}), role, world)
    with undone():
        client = world.client("admin", address=fresh_address())
        values = {name: json.dumps(value) for name, value in extra.items()}
        file = SimpleUploadedFile("图.png", PNG)
        return client.post(world.address(row.path), {"file": file, **values}, format="multipart")


def _signed(row: Row, world: World, extra: dict[str, Any]) -> Any:
    """A post of a shop's system, with the signature of its channel."""
    raw, moment = json.dumps({**row.body, **extra}), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_9",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_9", moment, raw),
    }
    with undone():
        channel = Channel.objects.get(key=world.ids["channel_key"])
        channel.secret = SECRET
        channel.save(update_fields=["secret"])
        return APIClient().post(world.address(row.path), raw, content_type="application/json", headers=headers)


def test_no_operation_takes_a_field_that_callers_may_not_set(world: World) -> None:
    taken: dict[str, Any] = {}
    for method, path, writable in operations():
        row = row_of(method, path, world)
        extra = {name: value for name, value in PROTECTED.items() if name not in writable}
        answer = answer_to(row, world, extra)
        if answer.status_code in (401, 403) and ("/public/chat/" in path or path.endswith("/wechat/")):
            continue  # Only a visitor, or the platform itself, is heard there; see tests/chat and test_wechat.
        named = answer.json().get("fields", {}) if answer.status_code == 400 else {}
        if answer.status_code != 400 or not extra.keys() <= named.keys():
            taken[f"{method} {path}"] = (answer.status_code, sorted(extra.keys() - named.keys()))
    assert not taken, "\n".join(f"{name}: {what}" for name, what in taken.items())
