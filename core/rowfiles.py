"""Reading rows from JSONL, CSV and XLSX files, one by one, with the line at fault in every error."""

import csv
import json
import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.text import unstorable

#: A spreadsheet beyond these is refused before it is opened: files of a megabyte can unfold to many gigabytes.
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
# A quoted field of more lines than this is a forgotten quotation mark.
_LONGEST_RECORD = 500


@dataclass(frozen=True)
class FileRow:
    """One row: its line in the file, and either its values or what is wrong with it."""

    line: int
    values: dict[str, Any]
    error: str = ""


def read_rows(path: Path, *, formulas: bool = False) -> Iterator[FileRow]:
    """Rows of a .jsonl, .csv or .xlsx file (first sheet). CSV and XLSX have names in their first line.

    `formulas`: cells give the formula as text instead of the value it last had. Raises InvalidInput when
    the file as a whole cannot be read.
    """
    if not path.is_file():
        raise InvalidInput(_("找不到文件：%(path)s") % {"path": path})
    match path.suffix.lower():
        case ".xlsx":
            return _read_xlsx(path, formulas=formulas)
        case ".csv":
            return _read_csv(path)
    return _read_jsonl(path)


def header_of(path: Path) -> list[str]:
    """The names of the file's columns as they stand in it; of JSONL, every name that some line has."""
    match path.suffix.lower():
        case ".xlsx":
            with _sheet(path, formulas=False) as sheet:
                return _sheet_names(_sheet_lines(sheet))
        case ".csv":
            with _open_csv(path) as file:
                return _csv_head(file)[0]
    return list(dict.fromkeys(name for row in _read_jsonl(path) for name in row.values))


def _read_jsonl(path: Path) -> Iterator[FileRow]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                yield _parsed(number, raw)


def _parsed(number: int, raw: bytes) -> FileRow:
    try:
        values = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return FileRow(number, {}, _("不是有效的 UTF-8 JSON。"))
    if not isinstance(values, dict):
        return FileRow(number, {}, _("每行须是一个 JSON 对象。"))
    return FileRow(number, values)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


# CSV


def _read_csv(path: Path) -> Iterator[FileRow]:
    with _open_csv(path) as file:
        names, delimiter, start = _csv_head(file)
        if not any(names):
            raise InvalidInput(_("文件是空的：%(path)s") % {"path": path})
        for number, record in _records(file, start + 1):
            yield _csv_row(number, record, names, delimiter)


def _open_csv(path: Path) -> TextIO:
    return path.open(encoding=_csv_encoding(path), errors="replace", newline="")


def _csv_head(lines: Iterator[str]) -> tuple[list[str], str, int]:
    """Names, delimiter, and the number of the line they stand in."""
    head, start = next(lines, ""), 1
    # A file that says "sep=;" in front was made for a spreadsheet.
    if head.lower().startswith("sep="):
        head, start = next(lines, ""), 2
    delimiter = max(",;\t", key=head.count)
    return [name.strip() for name in _cells(head, delimiter)], delimiter, start


def _csv_encoding(path: Path) -> str:
    """UTF-8 with or without mark, UTF-16 with mark; everything else is what Chinese spreadsheets write."""
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _records(lines: Iterator[str], start: int) -> Iterator[tuple[int, str | None]]:
    """(line number, record) where a record may hold line ends in quotes; None for a quote that is never closed.

    After a forgotten quotation mark reading goes on with the very next line: one bad line must not
    swallow those that follow.
    """
    waiting: deque[str] = deque()
    number = start
    while True:
        record: list[str] = []
        quotes = 0
        while len(record) < _LONGEST_RECORD:
            line = waiting[len(record)] if len(record) < len(waiting) else next(lines, None)
            if line is None:
                break
            if len(record) == len(waiting):
                waiting.append(line)
            record.append(line)
            quotes += line.count('"')
            if quotes % 2 == 0:
                break
        if not record:
            return
        is_whole = quotes % 2 == 0
        taken = len(record) if is_whole else 1
        for _line in range(taken):
            waiting.popleft()
        if record[0].strip():
            yield number, "".join(record) if is_whole else None
        number += taken


def _cells(record: str, delimiter: str) -> list[str]:
    return next(
        csv.reader([record] if "\n" not in record.rstrip("\r\n") else record.splitlines(True), delimiter=delimiter), []
    )


def _csv_row(number: int, record: str | None, names: list[str], delimiter: str) -> FileRow:
    if record is None:
        return FileRow(number, {}, _("引号没有结束。"))
    if "\ufffd" in record:
        return FileRow(number, {}, _("含有无法识别的文字，请存为 UTF-8。"))
    try:
        cells = _cells(record, delimiter)
    except csv.Error:
        return FileRow(number, {}, _("不是有效的 CSV。"))
    if any(cell.strip() for cell in cells[len(names) :]):
        return FileRow(number, {}, _("列数多于表头。"))
    return FileRow(number, {name: cell for name, cell in zip(names, cells, strict=False) if name and cell.strip()})


# XLSX


def _read_xlsx(path: Path, *, formulas: bool) -> Iterator[FileRow]:
    with _sheet(path, formulas=formulas) as sheet:
        yield from _sheet_rows(_sheet_lines(sheet))


@contextmanager
def _sheet(path: Path, *, formulas: bool) -> Iterator[Any]:
    """The first sheet of a workbook, None when it has none."""
    _refuse_bomb(path)
    # openpyxl takes half a second to load; only spreadsheets pay for it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=not formulas)
    except (InvalidFileException, OSError, ValueError, KeyError, SyntaxError, zipfile.BadZipFile) as error:
        raise InvalidInput(_("不是有效的 XLSX 文件：%(path)s") % {"path": path}) from error
    try:
        yield book.worksheets[0] if book.worksheets else None
    # What is wrong inside the archive shows only when it is unpacked.
    except (ValueError, KeyError, SyntaxError, zipfile.BadZipFile, EOFError) as error:
        raise InvalidInput(_("不是有效的 XLSX 文件：%(path)s") % {"path": path}) from error
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InvalidInput(_("不是有效的 XLSX 文件：%(path)s") % {"path": path}) from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise InvalidInput(
            _("表格解压后超过 %(limit)d MB。") % {"limit": MAX_UNPACKED_BYTES // 1024 // 1024}, code="too_large"
        )


def _sheet_lines(sheet: Any) -> Iterator[Any]:
    if sheet is None:
        return iter(())
    # The size a sheet states of itself may be a lie of a million columns.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1))


def _sheet_names(lines: Iterator[Any]) -> list[str]:
    names = [str(cell).strip() if cell is not None else "" for cell in next(lines, ())]
    if len(names) > MAX_COLUMNS and names[MAX_COLUMNS]:
        raise InvalidInput(_("表格超过 %(limit)d 列。") % {"limit": MAX_COLUMNS}, code="too_large")
    return names


def _sheet_rows(lines: Iterator[Any]) -> Iterator[FileRow]:
    names = _sheet_names(lines)
    for number, cells in enumerate(lines, start=2):
        if number > MAX_ROWS + 1:
            raise InvalidInput(_("表格超过 %(limit)d 行，请拆分。") % {"limit": MAX_ROWS}, code="too_large")
        values = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell is not None}
        if values:
            yield FileRow(number, values)


def text_of(row: FileRow, name: str, *, limit: int, required: bool = True) -> str:
    """The row's text `name`, trimmed; numbers count as text. Raises InvalidInput with a sentence for the report."""
    value = row.values.get(name)
    if value is None and not required:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidInput(_("%(name)s：必填，须为文字。") % {"name": name})
    text = str(value).strip()
    if required and not text:
        raise InvalidInput(_("%(name)s：不能为空。") % {"name": name})
    if len(text) > limit:
        raise InvalidInput(_("%(name)s：最多 %(limit)s 字。") % {"name": name, "limit": limit})
    if unstorable(text):
        raise InvalidInput(_("%(name)s：含有不允许的字符。") % {"name": name})
    return text
