"""Exports: masked, marked, harmless in a spreadsheet, and recorded."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.errors import InvalidInput, NotAllowed, RateLimited, TooLarge
from core.events import Event
from core.exports import Column, ExportFile, export_response, make_export, original_cell, safe_cell
from core.privacy import mask_phone
from crm.staff.models import User

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", " =1", "'=1", "''+1"]
HARMLESS = ["", "普通", "a=b", "1-2", "'quoted'", "me@example.com", "13812348000"]
ROWS = [{"text": text, "phone": "13812348000", "amount": Decimal("-5.50")} for text in [*FORMULAS, *HARMLESS]]
COLUMNS = [
    Column("内容", lambda row: row["text"]),
    Column("电话", lambda row: row["phone"], mask=mask_phone),
    Column("金额", lambda row: row["amount"]),
]

pytestmark = pytest.mark.django_db


def export(actor: User, **changes: Any) -> ExportFile:
    arguments: dict[str, Any] = {
        "rows": ROWS,
        "columns": COLUMNS,
        "actor": actor,
        "permission": "tickets.export_ticket",
        "kind": "ticket",
        "file_format": "csv",
        **changes,
    }
    return make_export(**arguments)


def cells(export_file: ExportFile) -> list[list[Any]]:
    raw = export_file.file.read()
    if export_file.format == "csv":
        assert raw.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    sheet = load_workbook(io.BytesIO(raw)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_gets_an_apostrophe_and_comes_back_whole(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert original_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text
    assert original_cell(text) == text


@given(st.text(alphabet="'=+-@＝ \t\r\na1", max_size=6))
def test_every_text_survives_the_round_trip(text: str) -> None:
    assert original_cell(safe_cell(text)) == text
    assert not safe_cell(text).lstrip().startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.capability("J09")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_file_is_masked_marked_and_without_live_formulas(supervisor: User, file_format: str) -> None:
    titles, *rows, mark = cells(export(supervisor, file_format=file_format))
    assert titles == ["内容", "电话", "金额"]
    assert len(rows) == len(ROWS)
    # XML, and so XLSX, knows only one line end.
    expected = [row["text"].replace("\r", "\n") if file_format == "xlsx" else row["text"] for row in ROWS]
    assert [original_cell(row[0] or "") for row in rows] == expected
    assert {row[1] for row in rows} == {"138****8000"}
    assert not [
        row for row in rows if str(row[0] or "").lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    ]
    assert Decimal(str(rows[0][2])) == Decimal("-5.5")
    assert "supervisor" in mark[0]


def test_spreadsheet_carries_who_and_when_in_its_properties(supervisor: User) -> None:
    book = load_workbook(io.BytesIO(export(supervisor, file_format="xlsx").file.read()))
    assert "supervisor" in str(book.properties.description)
    assert "supervisor" in str(book.worksheets[0].oddFooter.left.text)


@pytest.mark.capability("J09")
def test_unmasked_export_needs_the_right_and_a_reason_and_is_recorded(supervisor: User) -> None:
    rows = cells(export(supervisor, unmasked_reason="监管要求"))
    assert rows[1][1] == "13812348000"
    payload = Event.objects.get(kind="export.made").payload
    assert payload == {"format": "csv", "count": len(ROWS), "masked": False, "reason": "监管要求"}


def test_export_without_permission_is_refused_and_not_recorded(agent: User, auditor: User) -> None:
    for actor in (agent, auditor):
        with pytest.raises(NotAllowed):
            export(actor)
    with pytest.raises(NotAllowed):
        export(auditor, permission="tickets.view_ticket", unmasked_reason="x")
    assert not Event.objects.filter(kind="export.made").exists()


def test_unknown_format_and_too_many_rows_are_refused(supervisor: User) -> None:
    with pytest.raises(InvalidInput):
        export(supervisor, file_format="pdf")
    with pytest.raises(TooLarge):
        export(supervisor, max_rows=3)
    assert not Event.objects.filter(kind="export.made").exists()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_values_of_every_kind_can_be_written(supervisor: User, file_format: str) -> None:
    values = [None, True, 3, 1.5, datetime(2026, 11, 1, 4, tzinfo=UTC), "a\x00\x0bb", "x" * 40_000, "🙂"]
    columns = [Column("v", lambda row: row)]
    rows = cells(export(supervisor, rows=values, columns=columns, file_format=file_format))
    shown = [row[0] for row in rows[1:-1]]
    assert (shown[0] or "", shown[1], shown[5], shown[7]) == ("", "是", "ab", "🙂")
    assert str(shown[4]).startswith("2026-11-01") and "12:00" in str(shown[4])  # noqa: PT018


def test_response_streams_a_named_attachment_and_is_limited(supervisor: User) -> None:
    request = RequestFactory().get("/")
    request.user = supervisor
    arguments: dict[str, Any] = {
        "rows": ROWS,
        "columns": COLUMNS,
        "permission": "tickets.export_ticket",
        "kind": "ticket",
        "file_format": "csv",
    }
    response = export_response(request, **arguments)
    assert b"".join(response).startswith(b"\xef\xbb\xbf")
    assert response["Content-Disposition"].startswith('attachment; filename="ticket-')
    for _call in range(4):
        export_response(request, **arguments)
    with pytest.raises(RateLimited):
        export_response(request, **arguments)
