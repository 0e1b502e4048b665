"""Files of tickets: every line stands or falls alone, and the same file twice makes nothing twice."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from core import rowfiles
from tickets.models import InboundMessage, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("C02")]

HEAD = "渠道,外部编号,内容,手机号,姓名,订单号,发生时间"
GOOD = "taobao,e1,榨汁机坏了,13800138000,陈女士,D1,2026-01-05 10:00"


class Run:
    """What the command said."""

    def __init__(self, path: Path, *options: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.failed = ""
        try:
            call_command("import_tickets", str(path), *options, stdout=out, stderr=err)
        except CommandError as error:
            self.failed = str(error)
        self.out, self.err = out.getvalue(), err.getvalue()
        report = path.with_name(f"{path.name}.errors.csv")
        rows = list(csv.reader(report.open(encoding="utf-8-sig"))) if report.exists() else []
        self.errors = [(int(line), name) for line, name, _reason in rows[1:]]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "tickets.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("\r\n".join(lines).encode(encoding))
        return path

    return write


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: list[Any]) -> Path:
        book = Workbook()
        for row in rows:
            book.active.append(row)
        path = tmp_path / "tickets.xlsx"
        book.save(path)
        return path

    return write


def test_a_dry_run_tells_and_writes_nothing(put: Callable[..., Path]) -> None:
    run = Run(put(HEAD, GOOD, GOOD, "taobao,e2,,,,,"))
    assert "试算（未写入）：将新建 1，已存在 1，错误 1 行" in run.out
    assert not InboundMessage.objects.exists()
    assert run.errors == [(4, "body")]


def test_good_lines_are_written_once(put: Callable[..., Path]) -> None:
    path = put(HEAD, GOOD)
    assert "新建 1，已存在 0，错误 0 行" in Run(path, "--commit").out
    assert "新建 0，已存在 1，错误 0 行" in Run(path, "--commit").out
    assert "已存在 1" in Run(path).out
    ticket = Ticket.objects.get()
    assert (ticket.channel.key, ticket.external_id, ticket.order_no) == ("taobao", "e1", "D1")
    assert (ticket.customer.name, ticket.customer.phone) == ("陈女士", "13800138000")
    assert ticket.occurred_at == datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def test_lines_without_an_id_are_told_apart_and_still_written_once(put: Callable[..., Path]) -> None:
    path = put("channel,body", "phone,没人接", "phone,没人接", "phone,别的")
    assert "新建 3" in Run(path, "--commit").out
    assert "新建 0，已存在 3" in Run(path, "--commit").out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(put: Callable[..., Path], encoding: str, delimiter: str) -> None:
    path = put(HEAD.replace(",", delimiter), GOOD.replace(",", delimiter), encoding=encoding)
    Run(path, "--commit")
    assert Ticket.objects.get().messages.get().body == "榨汁机坏了"


def test_quotes_and_line_ends_inside_a_field(put: Callable[..., Path]) -> None:
    Run(put("channel,body,order_no", 'phone,"他说：""坏了"",\r\n要退",D1', "phone,另一条,D2"), "--commit")
    bodies = [ticket.messages.get().body for ticket in Ticket.objects.order_by("pk")]
    assert bodies == ['他说："坏了",\n要退', "另一条"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        pytest.param("taobao,x,内容,12345,,,", "customer.phone", id="phone"),
        pytest.param("taobao,x,内容,,,,昨天", "occurred_at", id="moment"),
        pytest.param("taobao,x,内容,,,,2999-01-01 00:00", "occurred_at", id="future"),
        pytest.param("taobao,x,内容,,,,2001-01-01 00:00", "occurred_at", id="too old without a reason"),
        pytest.param(",x,内容,,,,", "channel", id="no channel"),
        pytest.param("taobao,x,,,,,", "body", id="no words"),
        pytest.param("taobao,x,内\0容,,,,", "body", id="NUL"),
        pytest.param(f"taobao,x,{'长' * 20_001},,,,", "body", id="too long"),
        pytest.param("taobao,x,内容,,,,,,多的", "", id="too many columns"),
        pytest.param('taobao,x,"没有结束的引号,,,,', "", id="open quote"),
    ],
)
def test_a_malformed_line_is_named_and_stops_no_other(put: Callable[..., Path], line: str, field: str) -> None:
    run = Run(put(HEAD, GOOD, line, GOOD.replace("e1", "e3"), GOOD.replace("e1", "e4")), "--commit")
    assert run.errors == [(3, field)]
    assert sorted(Ticket.objects.values_list("external_id", flat=True)) == ["e1", "e3", "e4"]


def test_the_faults_are_told_by_name_on_the_screen_too(put: Callable[..., Path]) -> None:
    run = Run(put("channel,body,颜色", "taobao,x,红", "taobao,好,"), "--commit")
    assert run.errors == [(2, "颜色")]
    assert "颜色" in run.err


def test_a_file_without_a_good_line_fails(put: Callable[..., Path]) -> None:
    assert Run(put(HEAD, "taobao,x,,,,,"), "--commit").failed


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.csv", ""), ("t.xlsx", ""), ("t.xlsx", "PK no archive"), ("t.jsonl", "{"), ("t.jsonl", "\0")],
)
def test_a_file_that_is_something_else_is_refused(put: Callable[..., Path], name: str, content: str) -> None:
    assert Run(put(content, name=name)).failed


def test_words_people_use_become_those_of_the_api(put: Callable[..., Path]) -> None:
    Run(put("渠道,问题描述,类型,优先级,淘宝账号,发生时间", "taobao,坏,投诉,高,tb_88,2026/1/5 9:05"), "--commit")
    ticket = Ticket.objects.get()
    assert (ticket.type, ticket.priority) == ("complaint", "high")
    assert ticket.customer.identities.get().external_id == "tb_88"
    assert ticket.occurred_at == datetime(2026, 1, 5, 1, 5, tzinfo=UTC)


def test_json_lines_are_posts(put: Callable[..., Path]) -> None:
    good = {"channel": "taobao", "external_id": "j1", "body": "坏", "customer": {"external_ids": {"taobao": "tb_1"}}}
    dotted = {"channel": "taobao", "external_id": "j2", "body": "坏", "customer.phone": 13800138000}
    lines = [json.dumps(row, ensure_ascii=False) for row in (good, dotted, {"channel": "x", "body": "y", "no": 1})]
    run = Run(put(*lines, "{broken", "[1]", '{"attachments": [1]}', name="t.jsonl"), "--commit")
    assert "新建 2" in run.out
    assert run.errors == [(3, "no"), (4, ""), (5, ""), (6, "attachments")]
    assert {ticket.customer.phone for ticket in Ticket.objects.all()} == {"", "13800138000"}


def test_a_channel_for_lines_that_name_none(put: Callable[..., Path]) -> None:
    Run(put("内容", "现场投诉"), "--commit", "--channel", "taobao")
    assert Ticket.objects.get().channel.key == "taobao"


# Spreadsheets


def test_cells_of_a_spreadsheet_are_words(sheet: Callable[..., Path]) -> None:
    moment = datetime(2026, 1, 5, 10, 0)
    Run(sheet(HEAD.split(","), ["taobao", 17, "=1+1", 13800138000.0, None, 88, moment]), "--commit")
    ticket = Ticket.objects.get()
    assert ticket.messages.get().body == "=1+1"
    assert (ticket.external_id, ticket.order_no, ticket.customer.phone) == ("17", "88", "13800138000")
    assert ticket.occurred_at == datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def test_what_an_export_made_harmless_comes_back_as_it_was(sheet: Callable[..., Path]) -> None:
    Run(sheet(["渠道", "内容"], ["taobao", "'=HYPERLINK(1)"]), "--commit")
    assert Ticket.objects.get().messages.get().body == "=HYPERLINK(1)"


def test_numbers_that_lost_their_end_are_refused(sheet: Callable[..., Path]) -> None:
    run = Run(sheet(["渠道", "内容", "订单号"], ["taobao", "坏", 1234567890123456789.0]), "--commit")
    assert run.errors == [(2, "order_no")]


def test_a_spreadsheet_with_too_many_rows_or_columns_is_refused(
    sheet: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rowfiles, "MAX_ROWS", 3)
    assert not Run(sheet(["渠道", "内容"], *[["taobao", str(n)] for n in range(3)])).failed
    assert Run(sheet(["渠道", "内容"], *[["taobao", str(n)] for n in range(4)]), "--commit").failed
    assert not Ticket.objects.exists()
    assert "列" in Run(sheet([f"c{n}" for n in range(201)])).failed


def _archive(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_spreadsheet_that_unfolds_to_gigabytes_is_refused_unopened(tmp_path: Path) -> None:
    bomb = _archive(tmp_path / "bomb.xlsx", **{f"xl/{n}.xml": b"\0" * 30_000_000 for n in range(4)})
    assert bomb.stat().st_size < 200_000
    assert "MB" in Run(bomb).failed


def test_entities_in_a_spreadsheet_are_refused(sheet: Callable[..., Path], tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with zipfile.ZipFile(sheet(["渠道", "内容"], ["taobao", "坏"])) as good:
        entries = {name: good.read(name) for name in good.namelist()}
    body = entries["xl/worksheets/sheet1.xml"]
    entries["xl/worksheets/sheet1.xml"] = laughs + body.replace(
        b"<sheetData>", b"<sheetData><row><c><v>&b;</v></c></row>"
    )
    assert Run(_archive(tmp_path / "laughs.xlsx", **entries), "--commit").failed
    assert not Ticket.objects.exists()
