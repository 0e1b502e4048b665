"""Shifts to a file and back: what is exported can be imported again."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.errors import DomainError, InvalidInput, TooLarge
from core.exports import Column, original_cell
from core.rowfiles import FileRow, read_rows, text_of
from crm.staff.models import ShiftPlan, User
from crm.staff.services.shifts import create_shift
from tickets.models import Queue

MAX_BYTES = 1024 * 1024
MAX_ROWS = 2000
PERSON, START, END, QUEUE = "员工", "开始时间", "结束时间", "队列"
_SUFFIXES = (".csv", ".xlsx")
# The line that every export ends with.
_MARK = "导出人："

COLUMNS = (
    Column(lazy("员工"), "user.username"),
    Column(lazy("开始时间"), lambda row: f"{timezone.localtime(row.starts_at):%Y-%m-%d %H:%M}"),
    Column(lazy("结束时间"), lambda row: f"{timezone.localtime(row.ends_at):%Y-%m-%d %H:%M}"),
    Column(lazy("队列"), lambda row: row.queue.key if row.queue else ""),
)


@dataclass
class Imported:
    """How many lines became shifts or were shifts already, and what is wrong with the others, by line."""

    created: int = 0
    existing: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)


def import_shifts(*, upload: UploadedFile, actor: User) -> Imported:
    """Plan what the file says, line by line; a bad line is reported and stops no other."""
    done = Imported()
    for row in _rows(upload):
        try:
            made = _take(row, actor)
        except DomainError as refused:
            done.errors.append({"line": row.line, "reason": refused.message})
        else:
            done.created += made
            done.existing += not made
    return done


def _rows(upload: UploadedFile) -> Iterator[FileRow]:
    suffix = Path(upload.name or "").suffix.lower()
    if suffix not in _SUFFIXES:
        raise _wrong(_("只支持 csv 和 xlsx。"))
    if (upload.size or 0) > MAX_BYTES:
        raise TooLarge(_("文件不能超过 1 MB。"), fields={"file": [_("文件不能超过 1 MB。")]})
    with tempfile.NamedTemporaryFile(suffix=suffix) as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        try:
            rows = list(read_rows(Path(copy.name)))
        except InvalidInput as error:
            raise _wrong(_("文件无法读取。")) from error
    rows = [row for row in rows if not str(next(iter(row.values.values()), "")).startswith(_MARK)]
    if len(rows) > MAX_ROWS:
        raise _wrong(_("一次最多导入 %(n)s 行。") % {"n": MAX_ROWS})
    yield from rows


def _take(row: FileRow, actor: User) -> bool:
    """Whether the line became a shift; False when that shift stands already."""
    if row.error:
        raise InvalidInput(row.error)
    name = original_cell(text_of(row, PERSON, limit=100))
    person = User.objects.visible_to(actor).filter(username__iexact=name).first()
    if person is None:
        raise InvalidInput(_("%(name)s：没有这个员工。") % {"name": PERSON})
    start, end = _moment(row, START), _moment(row, END)
    queue = _queue(original_cell(text_of(row, QUEUE, limit=100, required=False)))
    if ShiftPlan.objects.filter(user=person, starts_at=start, ends_at=end, queue=queue, peak=None).exists():
        return False
    create_shift(user=person, starts_at=start, ends_at=end, queue=queue, actor=actor)
    return True


def _moment(row: FileRow, name: str) -> datetime:
    value = row.values.get(name)
    if isinstance(value, datetime):
        found: datetime | None = value
    else:
        text = text_of(row, name, limit=40).replace("/", "-")
        try:
            found = parse_datetime(text)
        except ValueError:
            found = None
    if found is None or not 1990 <= found.year < 2100:
        raise InvalidInput(_("%(name)s：须写成 2026-11-11 09:00。") % {"name": name})
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _queue(word: str) -> Queue | None:
    if not word:
        return None
    queue = Queue.objects.filter(key=word).first() or Queue.objects.filter(name=word).first()
    if queue is None:
        raise InvalidInput(_("%(name)s：没有这个队列。") % {"name": QUEUE})
    return queue


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={"file": [sentence]})
