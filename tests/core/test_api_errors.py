"""Every error of the API has one form, and bad input is never a server error."""

import json
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from core.api.parsers import MAX_BYTES
from crm.staff.models import User
from tests.core.samples import Sample, sample_tables  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_tables"), pytest.mark.urls("tests.core.api_urls")]


@pytest.fixture
def api(agent: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(agent)
    return client


def post(api: APIClient, body: Any, path: str = "/samples/") -> Any:
    return api.post(path, body, format="json")


def post_raw(api: APIClient, body: bytes, path: str = "/samples/", **headers: str) -> Any:
    return api.generic("POST", path, body, content_type=headers.pop("content_type", "application/json"), **headers)


def assert_error(response: Any, status: int, code: str, *fields: str) -> None:
    assert response.status_code == status, response.content
    body = json.loads(response.content)
    assert body["code"] == code
    assert isinstance(body["message"], str)
    assert body["message"]
    assert sorted(body["fields"]) == sorted(fields)
    for sentences in body["fields"].values():
        assert all(isinstance(sentence, str) and sentence for sentence in sentences)


def test_unknown_and_read_only_fields_are_refused_by_name(api: APIClient) -> None:
    assert_error(post(api, {"title": "a", "colour": "red", "size": 3, "id": 5}), 400, "invalid", "colour", "size", "id")


def test_nested_errors_are_flattened(api: APIClient) -> None:
    body = {"part": {"phone": "", "x": 1}, "parts": [{"phone": "1"}, {"y": 1, "phone": "2"}]}
    assert_error(post(api, body), 400, "invalid", "part.x", "parts.1.y")
    assert_error(post(api, {"part": {"phone": ""}}), 400, "invalid", "part.phone")
    assert_error(post(api, {"part": 5}), 400, "invalid", "part")


def test_message_is_in_the_callers_language(api: APIClient) -> None:
    assert "字段" in post(api, {"colour": 1}).json()["fields"]["colour"][0]
    english = api.get("/samples/999999/", HTTP_ACCEPT_LANGUAGE="en")
    assert english.status_code == 404
    assert_error(english, 404, "not_found")


def test_domain_error_carries_code_status_and_extra_keys(api: APIClient) -> None:
    response = post(api, {"title": "teapot"})
    assert_error(response, 409, "busy")
    assert response.json()["allowed"] == ["wait"]


def test_django_validation_error_is_400_with_fields(api: APIClient) -> None:
    assert_error(post(api, {"title": "django"}), 400, "invalid", "title")


def test_value_too_long_for_its_column_is_400(api: APIClient) -> None:
    assert_error(post(api, {"kind": "x" * 21}), 400, "invalid")


def test_value_that_is_taken_names_its_field(api: APIClient) -> None:
    assert post(api, {"code": "c1"}).status_code == 201
    assert_error(post(api, {"code": "c1"}), 400, "invalid", "code")


def test_clash_found_only_by_the_database_is_409(api: APIClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX ON samples_sample (kind)")
    assert post(api, {"kind": "a"}).status_code == 201
    assert_error(post(api, {"kind": "a"}), 409, "conflict")


UNFIT = ["a\x00b", "a\ud800b", "a\x1bb", "a\nb", "a\u202eb", "x" * 21, "", "   ", None, []]


@pytest.mark.parametrize("title", UNFIT)
def test_unfit_text_is_refused_by_field(api: APIClient, title: Any) -> None:
    assert_error(post_raw(api, json.dumps({"title": title}).encode()), 400, "invalid", "title")


def test_text_of_several_lines_keeps_them_and_every_script(api: APIClient) -> None:
    response = post(api, {"note": " 一\r\n二\rthree\t🙂 \u202eאב "})
    assert response.status_code == 201
    assert response.json()["note"] == "一\n二\nthree\t🙂 \u202eאב"


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-13-01", "2100-01-01T00:00:00Z", "x", 5]
)
def test_impossible_moments_are_refused(api: APIClient, moment: Any) -> None:
    assert_error(post(api, {"due_at": moment}), 400, "invalid", "due_at")


def test_faults_of_a_condition_name_their_path(api: APIClient) -> None:
    response = post(api, {"rule": {"all": [{"field": "size", "op": "gt", "value": "x"}]}})
    assert_error(response, 400, "invalid", "rule")
    assert response.json()["fields"]["rule"] == ["all[0].value：须为数字。"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 51 + b"]" * 51,
        b"9" * 5000,
        b'{"\\ud800": 1}',
        b'{"a\\u0000": 1}',
        b'["\\u0000"]',
        b'{"a": {"b": ["x", "\\udfff"]}}',
    ],
)
def test_unfit_json_is_400(body: bytes) -> None:
    response = post_raw(APIClient(), body, "/echo/")
    if body == b"":
        assert response.status_code in (200, 400)
        return
    assert response.status_code == 400, response.content
    assert json.loads(response.content)["message"]


def test_fault_deep_inside_json_is_named_by_its_path() -> None:
    body = b'{"customer": {"names": ["x", "\\u0000"]}}'
    assert_error(post_raw(APIClient(), body, "/echo/"), 400, "invalid", "customer.names.1")


def test_a_field_that_comes_twice_is_refused_by_name() -> None:
    assert_error(post_raw(APIClient(), b'{"b": {"a": 1, "a": 2}}', "/echo/"), 400, "invalid", "a")


def test_json_of_fifty_levels_is_fine() -> None:
    assert post_raw(APIClient(), b"[" * 50 + b"]" * 50, "/echo/").status_code == 200
    assert post_raw(APIClient(), b'{"a": "\\ud83d\\ude42"}', "/echo/").status_code == 200


def test_more_than_a_megabyte_is_413() -> None:
    body = b'"' + b"x" * MAX_BYTES + b'"'
    assert_error(post_raw(APIClient(), body, "/echo/"), 413, "too_large")
    lied = post_raw(APIClient(), body, "/echo/", CONTENT_LENGTH="")
    assert lied.status_code in (200, 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_other_content_types_are_415(content_type: str) -> None:
    assert_error(post_raw(APIClient(), b"{}", "/echo/", content_type=content_type), 415, "unsupported_media_type")


def test_compressed_bodies_are_415() -> None:
    response = post_raw(APIClient(), b"\x1f\x8b", "/echo/", HTTP_CONTENT_ENCODING="gzip")
    assert_error(response, 415, "unsupported_media_type")


def test_wrong_method_is_405(api: APIClient) -> None:
    assert_error(api.delete("/samples/"), 405, "method_not_allowed")
    sample = Sample.objects.create()
    assert_error(api.put(f"/samples/{sample.pk}/", {}), 405, "method_not_allowed")


@pytest.mark.parametrize("key", ["0", "-1", "9" * 25, str(2**63), "abc", "１２", "1%00", "1.5", "%F0%9F%99%82"])
def test_impossible_ids_are_404(api: APIClient, key: str) -> None:
    assert_error(api.get(f"/samples/{key}/"), 404, "not_found")


def test_rows_that_are_not_visible_are_404_everywhere(api: APIClient) -> None:
    hidden = Sample.objects.create(title="hidden")
    assert_error(api.get(f"/samples/{hidden.pk}/"), 404, "not_found")
    assert_error(api.patch(f"/samples/{hidden.pk}/", {"title": "x"}, format="json"), 404, "not_found")
    assert_error(api.post(f"/samples/{hidden.pk}/touch/"), 404, "not_found")
    assert api.get("/samples/").json()["results"] == []


@pytest.mark.capability("J20")
def test_rights_are_asked_by_action(agent: User, auditor: User) -> None:
    sample = Sample.objects.create(title="t")
    assert_error(APIClient().get("/samples/"), 401, "not_authenticated")
    reader = APIClient()
    reader.force_authenticate(auditor)
    assert reader.get(f"/samples/{sample.pk}/").status_code == 200
    assert_error(post(reader, {"title": "x"}), 403, "permission_denied")
    assert_error(reader.patch(f"/samples/{sample.pk}/", {"title": "x"}, format="json"), 403, "permission_denied")
    writer = APIClient()
    writer.force_authenticate(agent)
    assert writer.patch(f"/samples/{sample.pk}/", {"title": "x"}, format="json").json()["title"] == "x"
    assert_error(writer.post(f"/samples/{sample.pk}/undeclared/"), 403, "permission_denied")
    assert writer.get("/plain/").status_code == 200
    assert_error(writer.post("/plain/"), 403, "permission_denied")


def test_deactivated_people_are_refused(agent: User) -> None:
    agent.is_active = False
    client = APIClient()
    client.force_authenticate(agent)
    assert client.get("/samples/").status_code in (401, 403)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("colour=red", "colour"),
        ("kind=c", "kind"),
        ("is_big=banana", "is_big"),
        ("size_min=x", "size"),
        ("title=%00", "title"),
        ("ordering=title", "ordering"),
        ("page_size=101", "page_size"),
        ("page_size=0", "page_size"),
        ("page_size=x", "page_size"),
        ("page_size=%D9%A1", "page_size"),
        ("cursor=zzz", "cursor"),
    ],
)
def test_unknown_parameters_and_values_are_refused_by_name(api: APIClient, query: str, name: str) -> None:
    assert_error(api.get(f"/samples/?{query}"), 400, "invalid", name)


def test_parameters_of_other_actions_are_refused_too(api: APIClient) -> None:
    sample = Sample.objects.create()
    assert_error(api.get(f"/samples/{sample.pk}/?colour=red"), 400, "invalid", "colour")


def test_filters_apply(api: APIClient) -> None:
    Sample.objects.create(kind="a", is_big=True, size=5)
    Sample.objects.create(kind="b", is_big=False, size=50)
    assert [row["size"] for row in api.get("/samples/?kind=b&is_big=false&size_min=10").json()["results"]] == [50]
    assert len(api.get("/samples/?kind=&is_big=&page_size=100").json()["results"]) == 2


def test_personal_data_is_shown_masked(api: APIClient) -> None:
    response = post(api, {"phone": "13812348000"})
    assert response.json()["phone"] == "138****8000"


def test_unknown_address_answers_in_the_same_form() -> None:
    assert_error(APIClient().get("/nowhere/"), 404, "not_found")
