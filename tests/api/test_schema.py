"""The OpenAPI document: valid, complete, true to the contract; and no request it allows brings a 5xx."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient

from core.api.throttling import PublicFormThrottle
from core.rate_limits import Limit
from tests.api.walking import fresh_address, undone
from tests.world import World

pytestmark = pytest.mark.django_db

#: What other systems rely on; more is welcome.
CONTRACT = """
POST GET /api/v1/tickets/
GET PATCH /api/v1/tickets/{id}/
GET POST /api/v1/tickets/{id}/messages/
POST /api/v1/tickets/{id}/transitions/
POST /api/v1/tickets/{id}/merge/
POST /api/v1/tickets/{id}/unmerge/
GET /api/v1/tickets/{id}/events/
GET /api/v1/tickets/{id}/suggestions/
POST /api/v1/attachments/
GET /api/v1/attachments/{id}/download/
POST /api/v1/inbound/{key}/
GET POST /api/v1/sla-policies/
PATCH /api/v1/sla-policies/{id}/
GET POST /api/v1/business-calendars/
PATCH /api/v1/business-calendars/{id}/
GET POST /api/v1/customers/
PATCH /api/v1/customers/{id}/
POST /api/v1/customers/{id}/merge/
POST /api/v1/customers/{id}/unmerge/
GET POST /api/v1/tags/
PATCH /api/v1/tags/{id}/
GET POST /api/v1/orders/
PATCH /api/v1/orders/{id}/
GET POST /api/v1/shops/
PATCH /api/v1/shops/{id}/
GET POST /api/v1/queues/
PATCH /api/v1/queues/{id}/
GET POST /api/v1/channels/
PATCH /api/v1/channels/{id}/
GET POST /api/v1/staff/
PATCH /api/v1/staff/{id}/
GET POST /api/v1/teams/
PATCH /api/v1/teams/{id}/
GET POST /api/v1/scripts/
GET POST /api/v1/scripts/{id}/versions/
POST /api/v1/scripts/{id}/versions/{number}/{verb}/
POST /api/v1/scripts/{id}/render/
GET POST /api/v1/articles/
GET POST /api/v1/articles/{id}/versions/
POST /api/v1/articles/{id}/versions/{number}/{verb}/
GET POST /api/v1/follow-up-visits/
POST /api/v1/follow-up-visits/{id}/complete/
GET /api/v1/surveys/
POST /api/v1/public/complaints/
POST /api/v1/public/track/
POST GET /api/v1/webhooks/
"""
#: Requests whose form is shown by an example.
WITH_EXAMPLE = (
    "/api/v1/tickets/",
    "/api/v1/tickets/{id}/messages/",
    "/api/v1/tickets/{id}/transitions/",
    "/api/v1/customers/",
    "/api/v1/orders/",
    "/api/v1/tags/",
    "/api/v1/sla-policies/",
    "/api/v1/business-calendars/",
    "/api/v1/routing-rules/",
    "/api/v1/scripts/",
    "/api/v1/articles/",
    "/api/v1/follow-up-visits/",
    "/api/v1/public/complaints/",
    "/api/v1/public/track/",
    "/api/v1/webhooks/",
)
TICKET_FILTERS = {
    "status", "queue", "assignee", "customer", "type", "category", "priority", "channel", "shop", "product",
    "overdue", "search", "ordering", "cursor", "page_size",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_document_is_valid_and_without_warnings(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert dict(GENERATOR_STATS._error_cache) == {}
    assert dict(GENERATOR_STATS._warn_cache) == {}


def test_the_document_agrees_with_the_contract(document: dict[str, Any]) -> None:
    paths = {_plain(path): {name.upper() for name in item} for path, item in document["paths"].items()}
    missing = []
    for line in CONTRACT.strip().splitlines():
        *methods, path = line.split()
        missing += [f"{method} {path}" for method in methods if method not in paths.get(_plain(path), set())]
    assert missing == []
    listing = document["paths"]["/api/v1/tickets/"]["get"]["parameters"]
    assert {item["name"] for item in listing} >= TICKET_FILTERS


def _plain(path: str) -> str:
    """Ids are one thing, whatever they are called."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_main_requests_show_an_example(document: dict[str, Any]) -> None:
    paths = {_plain(path): item for path, item in document["paths"].items()}
    without = []
    for path in WITH_EXAMPLE:
        content = paths[_plain(path)]["post"]["requestBody"]["content"]["application/json"]
        if not content.get("examples") and "example" not in content:
            without.append(path)
    assert without == []


@pytest.mark.parametrize(
    "path", ["tickets", "customers", "orders", "tags", "scripts", "articles", "public/complaints", "business-calendars"]
)
def test_examples_are_accepted(path: str, document: dict[str, Any], world: World) -> None:
    content = document["paths"][f"/api/v1/{path}/"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        with undone():
            client = world.client("admin", address=fresh_address())
            answer = client.post(f"/api/v1/{path}/", example["value"], format="json")
        assert answer.status_code in (200, 201, 409), answer.content.decode()  # 409: the world has it already


def test_the_document_is_served() -> None:
    plain = APIClient().get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert plain.json()["info"]["title"] == "客安 Kean API"
    assert APIClient().get("/api/schema/?lang=..%00").status_code == 200
    assert APIClient().get("/api/docs/").status_code == 200


# Requests made up from the document -------------------------------------------------------------

#: For each operation, half of them right and half wrong. They are the same in every run; before a release ask for more.
EXAMPLES = int(os.environ.get("KEAN_SCHEMA_EXAMPLES", "8"))
#: Which of the world's ids stand in an address, by its first word.
IDS = {
    "articles": "article",
    "attachments": "attachment",
    "business-calendars": "calendar",
    "channels": "channel",
    "customers": "customer",
    "follow-up-visits": "visit",
    "inbound": "channel_key",
    "orders": "order",
    "queues": "queue",
    "routing-rules": "rule",
    "scripts": "script",
    "shops": "shop",
    "sla-policies": "policy",
    "staff": "staff",
    "surveys": "survey",
    "tag-groups": "group",
    "tags": "rule_tag",
    "teams": "team",
    "tickets": "ticket",
    "tokens": "token",
    "webhooks": "webhook",
}


def _operations() -> list[str]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    return [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "post", "patch", "delete", "put")
    ]


@pytest.fixture(scope="module")
def fuzzed(world: World) -> Iterator[Any]:
    """The document as schemathesis reads it, served by the product itself in this process."""
    import schemathesis  # takes seconds to load, and only these tests need it

    headers = {"Accept": "application/vnd.oai.openapi+json"}
    # As Django's own test client does: the world lives in one connection, which must not be closed.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/", app=get_wsgi_application(), headers=headers)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _real_ids(path: str, world: World) -> dict[str, Any]:
    """Ids that exist, for the parts of an address that the world knows."""
    known = {"number": world.ids["version"], "tag": world.ids["tag_name"]}
    first = path.removeprefix("/api/v1/").partition("/")[0]
    if first in IDS:
        known |= {"id": world.ids[IDS[first]], "key": world.ids[IDS[first]]}
    names = re.findall(r"{(\w+)}", path)
    return {name: str(known[name]) for name in names if name in known}


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("name", _operations())
def test_no_request_brings_a_server_error(
    name: str, mode: str, fuzzed: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the document allows (with ids that exist), and what it does not: never a 5xx, always the written shape."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance

    monkeypatch.setattr(PublicFormThrottle, "limit", Limit("public", calls=10**6, seconds=60, closes=True))
    method, _space, path = name.partition(" ")
    chosen = {"path_parameters": _real_ids(path, world)} if mode == "positive" and "{" in path else {}
    strategy = fuzzed[path][method].as_strategy(generation_mode=GenerationMode(mode), **chosen)
    headers = {"Authorization": f"Token {world.tokens['admin']}"}

    @given(case=strategy)
    @settings(
        max_examples=max(1, EXAMPLES // 2),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        with undone():
            response = case.call(headers=headers)
        case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])

    try:
        run()
    except Unsatisfiable:
        assert mode == "negative"  # an address that takes nothing cannot be given something wrong
