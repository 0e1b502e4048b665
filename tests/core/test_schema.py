"""The OpenAPI document says what the API does: errors, strictness, pages, idempotency."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.core import api_urls


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator(patterns=api_urls.router.urls).get_schema(request=None, public=True)
    validate_schema(document)
    return document


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def test_every_operation_names_its_errors_in_one_shape(document: dict[str, Any]) -> None:
    reading = operation(document, "/samples/{id}/", "get")["responses"]
    assert sorted(reading) == ["200", "400", "401", "403", "404", "429"]
    writing = operation(document, "/samples/", "post")["responses"]
    assert sorted(writing) == ["201", "400", "401", "403", "409", "413", "415", "429"]
    assert {
        str(response["content"]["application/json"]["schema"])
        for code, response in {**reading, **writing}.items()
        if code >= "400"
    } == {"{'$ref': '#/components/schemas/Error'}"}


def test_requests_are_closed_and_answers_show_the_reading_side(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    created = operation(document, "/samples/", "post")
    request = created["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert schemas[request]["additionalProperties"] is False
    assert schemas[request]["properties"]["title"]["maxLength"] == 20
    answer = created["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert answer == "Sample"


def test_posts_take_an_idempotency_key_and_lists_their_parameters(document: dict[str, Any]) -> None:
    posted = {item["name"]: item for item in operation(document, "/samples/", "post")["parameters"]}
    assert posted["Idempotency-Key"]["in"] == "header"
    listed = {item["name"]: item["schema"] for item in operation(document, "/samples/", "get")["parameters"]}
    assert listed["page_size"]["maximum"] == 100
    assert listed["ordering"]["enum"] == ["-due", "-size", "due"]
    assert {"cursor", "kind", "is_big", "size_min", "size_max"} <= set(listed)
    page = operation(document, "/samples/", "get")["responses"]["200"]["content"]["application/json"]["schema"]
    assert page["$ref"].endswith("PaginatedSampleList")


def test_operations_are_grouped_by_app(document: dict[str, Any]) -> None:
    assert operation(document, "/samples/", "get")["tags"] == ["core"]
