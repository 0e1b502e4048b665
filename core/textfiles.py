"""Files of `{"id", "text"}` rows, as the measuring commands take them, and their answers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.rowfiles import FileRow, read_rows

Row = TypeVar("Row")
ERRORS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TextLine:
    """One text to be judged or masked, with the name it came under."""

    id: str | int
    text: str


def read_all(path: Path, parse: Callable[[FileRow], Row]) -> list[Row]:
    """Every row through `parse`. Raises InvalidInput that names the lines at fault; one bad line refuses the file."""
    rows: list[Row] = []
    errors: list[str] = []
    for row in read_rows(path):
        try:
            if row.error:
                raise InvalidInput(row.error)
            rows.append(parse(row))
        except InvalidInput as refused:
            errors.append(_("第 %(line)s 行：%(reason)s") % {"line": row.line, "reason": refused.message})
    if errors:
        more = [_("……共 %(count)s 行有误") % {"count": len(errors)}] if len(errors) > ERRORS_SHOWN else []
        raise InvalidInput("\n".join([*errors[:ERRORS_SHOWN], *more]), code="bad_lines")
    return rows


def text_line(row: FileRow) -> TextLine:
    """The row's id and text, the text untouched so that offsets stay true."""
    return TextLine(_id_of(row), raw_text(row))


def raw_text(row: FileRow) -> str:
    """The row's text as it stands; it may be empty."""
    text = row.values.get("text")
    if not isinstance(text, str):
        raise InvalidInput(_("text：必填，须为文字。"))
    return text


def answers(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """One JSON line per row, Chinese readable; what UTF-8 cannot carry stays escaped."""
    for row in rows:
        line = json.dumps(row, ensure_ascii=False)
        try:
            line.encode()
        except UnicodeEncodeError:
            line = json.dumps(row)
        yield line


def _id_of(row: FileRow) -> str | int:
    value = row.values.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise InvalidInput(_("id：必填，须为文字或整数。"))
    return value
