"""Rows to CSV and XLSX: masked unless allowed, harmless in a spreadsheet, marked with who and when.

The file is written to disk first and only then sent: an error is an error answer and not half
a file, and the event row knows the number of rows.
"""

import csv
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import TextIOWrapper
from operator import attrgetter
from typing import IO, Any, Literal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import InvalidInput, NotAllowed, RateLimited, TooLarge
from core.events import record_event
from core.privacy.services import REVEAL_PERMISSION
from core.rate_limits import Limit, hit

Format = Literal["csv", "xlsx"]
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_ROWS = 100_000
EXPORT_LIMIT = Limit("export", calls=5, seconds=3600, closes=False)
_CHUNK = 64 * 1024
_IN_MEMORY = 4 * 1024 * 1024

# What a spreadsheet takes for a formula, after any number of apostrophes so that undoing is exact.
_DANGEROUS = re.compile(r"'*[\s\u200b\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫]|'*[\t\r\n]")
_UNFIT_FOR_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Column:
    """One column: its title, how to read it from a row (dotted attribute or function), and its mask."""

    title: str | Promise
    source: str | Callable[[Any], Any]
    mask: Callable[[str], str] | None = None

    def value(self, row: Any, *, masked: bool) -> Any:
        found = self.source(row) if callable(self.source) else attrgetter(self.source)(row)
        return self.mask(str(found)) if masked and self.mask and found else found


@dataclass(frozen=True)
class ExportFile:
    """A finished export, open at its beginning."""

    file: IO[bytes]
    name: str
    format: Format
    count: int


def safe_cell(value: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run. `original_cell` undoes it."""
    return f"'{value}" if _DANGEROUS.match(value) else value


def original_cell(cell: str) -> str:
    """The text that `safe_cell` was given; for files that come back."""
    return cell[1:] if cell.startswith("'") and _DANGEROUS.match(cell) else cell


def make_export(
    *,
    rows: Iterable[Any],
    columns: Sequence[Column],
    actor: Any,
    permission: str,
    kind: str,
    file_format: str,
    unmasked_reason: str = "",
    max_rows: int = MAX_ROWS,
) -> ExportFile:
    """Write the rows the actor asked for and record `export.made` with their number.

    `kind` names what is exported ("ticket"); `rows` are already those the actor may see. Personal
    data is masked unless a reason is given and the actor may reveal it.
    """
    if not actor.has_perm(permission):
        raise NotAllowed(_("没有权限导出。"))
    if unmasked_reason and not actor.has_perm(REVEAL_PERMISSION):
        raise NotAllowed(_("没有权限查看完整的个人信息。"))
    if file_format not in CONTENT_TYPES:
        message = _("只支持 csv 和 xlsx。")
        raise InvalidInput(message, fields={"format": [message]})
    chosen: Format = "xlsx" if file_format == "xlsx" else "csv"
    made_at = timezone.localtime(now())
    mark = _("导出人：{user}　时间：{at}").format(user=actor.get_username(), at=made_at.isoformat(timespec="seconds"))
    with transaction.atomic():
        cells = _cells(rows, columns, masked=not unmasked_reason, max_rows=max_rows)
        titles = [str(column.title) for column in columns]
        file, count = _WRITERS[chosen](titles, cells, mark)
        record_event(
            kind="export.made",
            subject_type=kind,
            subject_id=None,
            actor=actor,
            payload={"format": chosen, "count": count, "masked": not unmasked_reason, "reason": unmasked_reason[:200]},
        )
    return ExportFile(file, f"{kind}-{made_at:%Y%m%d-%H%M%S}.{chosen}", chosen, count)


def export_response(request: HttpRequest, **arguments: Any) -> StreamingHttpResponse:
    """The answer that sends `make_export(actor=request.user, …)`; five an hour for each person."""
    wait = hit(EXPORT_LIMIT, f"user:{request.user.pk}")
    if wait:
        raise RateLimited(_("导出过于频繁，请在 {seconds} 秒后再试。").format(seconds=wait))
    export = make_export(actor=request.user, **arguments)
    chunks = _async_chunks(export.file) if isinstance(request, ASGIRequest) else _chunks(export.file)
    response = StreamingHttpResponse(chunks, content_type=CONTENT_TYPES[export.format])
    response["Content-Disposition"] = content_disposition_header(True, export.name) or "attachment"
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _cells(rows: Iterable[Any], columns: Sequence[Column], *, masked: bool, max_rows: int) -> Iterator[list[Any]]:
    for number, row in enumerate(rows):
        if number >= max_rows:
            raise TooLarge(_("一次最多导出 {most} 行，请缩小范围。").format(most=max_rows))
        yield [_plain(column.value(row, masked=masked)) for column in columns]


def _plain(value: Any) -> Any:
    """Numbers and dates stay what they are; everything else becomes harmless text."""
    match value:
        case None:
            return ""
        case bool():
            return _("是") if value else _("否")
        case int() | float() | Decimal() | datetime() | date() | time():
            return value
    return safe_cell(_UNFIT_FOR_XML.sub("", str(value)))


def _write_csv(titles: list[str], rows: Iterable[list[Any]], mark: str) -> tuple[IO[bytes], int]:
    file = _temporary_file()
    # The signature lets spreadsheets see that it is UTF-8.
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([safe_cell(title) for title in titles])
    count = 0
    for row in rows:
        writer.writerow([_for_csv(value) for value in row])
        count += 1
    writer.writerow([mark])
    text.detach()
    file.seek(0)
    return file, count


def _for_csv(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds") if timezone.is_aware(value) else value
    return value


def _write_xlsx(titles: list[str], rows: Iterable[list[Any]], mark: str) -> tuple[IO[bytes], int]:
    from openpyxl import Workbook  # half a second to load, and only this function needs it

    book = Workbook(write_only=True)
    book.properties.creator = "客安 Kean"
    book.properties.description = mark
    sheet = book.create_sheet()
    sheet.oddFooter.left.text = mark
    sheet.append([safe_cell(title) for title in titles])
    count = 0
    for row in rows:
        sheet.append([_for_xlsx(value) for value in row])
        count += 1
    sheet.append([mark])
    file = _temporary_file()
    book.save(file)
    file.seek(0)
    return file, count


def _for_xlsx(value: Any) -> Any:
    # Spreadsheets know no time zones.
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.make_naive(value)
    return value


_WRITERS: dict[Format, Callable[[list[str], Iterable[list[Any]], str], tuple[IO[bytes], int]]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
}


def _temporary_file() -> Any:
    # Lives as long as the answer is being sent.
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


async def _async_chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    read = sync_to_async(file.read)
    with file:
        while chunk := await read(_CHUNK):
            yield chunk
