"""Reading rows from JSONL and XLSX files, one by one, with the line at fault in every error."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.text import unstorable


@dataclass(frozen=True)
class FileRow:
    """One row: its line in the file, and either its values or what is wrong with it."""

    line: int
    values: dict[str, Any]
    error: str = ""


def read_rows(path: Path) -> Iterator[FileRow]:
    """Rows of a .jsonl or .xlsx file (first sheet, names in its first line). Raises InvalidInput when unreadable."""
    if not path.is_file():
        raise InvalidInput(_("找不到文件：%(path)s") % {"path": path})
    if path.suffix.lower() == ".xlsx":
        return _read_xlsx(path)
    return _read_jsonl(path)


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


def _read_xlsx(path: Path) -> Iterator[FileRow]:
    # openpyxl takes half a second to load; only spreadsheets pay for it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, OSError, ValueError, KeyError) as error:
        raise InvalidInput(_("不是有效的 XLSX 文件：%(path)s") % {"path": path}) from error
    try:
        lines = book.worksheets[0].iter_rows(values_only=True)
        names = [str(cell).strip() if cell is not None else "" for cell in next(lines, ())]
        for number, cells in enumerate(lines, start=2):
            values = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell is not None}
            if values:
                yield FileRow(number, values)
    finally:
        book.close()


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
