"""From the cells of a file to the fields of the API: the titles people write, numbers, moments and chosen words.

An import that checks its lines by the serializer of the API names its columns with `FileColumns`; what is wrong
with a line is a `LineError` for each field. `uploaded` opens a posted file under the limits of the import.
"""

import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput, TooLarge
from core.exports import original_cell
from core.rowfiles import FileRow, header_of, read_rows
from core.text import unstorable
from core.wording import listed

SUFFIXES = (".csv", ".xlsx", ".jsonl")
#: A spreadsheet keeps 15 digits of a number; longer ones have lost their end.
EXACT_BELOW = 10**15
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]+(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?)?")
Choices = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class LineError:
    """What is wrong with one field of one line; `field` is empty when it is the line itself."""

    line: int
    field: str
    reason: str


@dataclass
class FileResult:
    """What became of a file: `taken` things stand in the books now, `made` of them anew; bad lines are named."""

    lines: int = 0
    taken: int = 0
    made: int = 0
    errors: list[LineError] = field(default_factory=list)

    def refuse(self, line: int, fields: Mapping[str, list[str]], sentence: str = "") -> None:
        """Name a line with what is wrong with each of its fields; `sentence` when no field is at fault."""
        faults = fields or {"": [sentence]}
        self.errors += [LineError(line, name, " ".join(map(str, said))) for name, said in faults.items()]


@dataclass(frozen=True)
class FileColumns:
    """The columns a file may have. `titles`: what people write, with the (dotted) field it stands for; the first
    title of a field is the one we show. `choices`: fields whose Chinese words stand for stored ones."""

    titles: Mapping[str, str]
    required: tuple[str, ...] = ()
    choices: Mapping[str, Choices] = field(default_factory=dict)
    moments: frozenset[str] = frozenset()

    def path_of(self, name: str) -> str:
        """The field a title stands for; a title nobody knows stands for itself."""
        bare = name.strip().lstrip("*＊").lower()
        return self.titles.get(bare, bare)

    def shown(self, path: str) -> str:
        """The title of a field in our words."""
        return next((title for title, known in self.titles.items() if known == path), path)

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A line's values as the body of a POST: dotted names nested, blanks left out."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            path = self.path_of(name)
            worded = self._worded(path, value)
            if worded is not None:
                _put(found, path.split("."), worded, name)
        return found

    def check_header(self, names: Iterable[str]) -> None:
        """A wrong header is one readable sentence that names what is missing and what is unknown."""
        given = [name for name in names if name.strip()]
        known = list(dict.fromkeys(self.titles.values()))
        paths = {self.path_of(name) for name in given}
        missing = [self.shown(path) for path in self.required if path not in paths]
        unknown = [name[:50] for name in given if self.path_of(name) not in known]
        faults = []
        if missing:
            faults.append(_("表头缺少：%(names)s。") % {"names": listed(missing)})
        if unknown:
            faults.append(_("不认识的列：%(names)s。") % {"names": listed(unknown)})
        if faults:
            faults.append(_("表头应为：%(names)s。") % {"names": listed(self.shown(path) for path in known)})
            sentence = "".join(faults)
            raise InvalidInput(sentence, code="wrong_header", fields={"file": [sentence]})

    def _worded(self, path: str, value: Any) -> Any:
        """A cell as the API takes it."""
        if isinstance(value, datetime):
            return (timezone.make_aware(value) if timezone.is_naive(value) else value).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(path, value)
        if not isinstance(value, str):
            return value
        text = original_cell(value.strip())
        if not text:
            return None
        if unstorable(text):
            sentence = _("含有不允许的字符。")
            raise InvalidInput(sentence, fields={path: [sentence]})
        if path in self.choices:
            return _chosen(text, self.choices[path])
        return _moment(text) if path in self.moments else text


def flat_faults(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Errors of a serializer under dotted names: customer.phone."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from flat_faults(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list) and not any(isinstance(one, dict | list) for one in detail):
        yield path, [str(one) for one in detail]
    else:
        for inner in detail if isinstance(detail, list) else [[detail]]:
            yield from flat_faults(inner, path)


@contextmanager
def uploaded(upload: UploadedFile, *, most_bytes: int) -> Iterator[Path]:
    """A posted file on our disk for as long as it is read. Raises InvalidInput on `file` for another kind or size."""
    suffix = Path(upload.name or "").suffix.lower()
    if suffix not in SUFFIXES:
        raise _file_fault(_("请上传 CSV、XLSX 或 JSONL 文件。"))
    if (upload.size or 0) > most_bytes:
        raise _too_large(_("文件不能超过 %(n)d MB，请拆分。") % {"n": most_bytes // 1024 // 1024})
    with tempfile.NamedTemporaryFile(suffix=suffix) as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        try:
            yield Path(kept.name)
        except InvalidInput as error:
            # The sentence names the file on our disk, which is nobody's business.
            sentence = error.message.replace(kept.name, upload.name or "")
            raise _file_fault(sentence, code=error.code) from error


def read_upload(
    upload: UploadedFile,
    *,
    most_rows: int,
    most_bytes: int,
    columns: FileColumns | None = None,
    formulas: bool = False,
) -> list[FileRow]:
    """The rows of a posted file, whose header must fit `columns` when they are given. What is wrong with the file
    as a whole is raised on `file`."""
    with uploaded(upload, most_bytes=most_bytes) as path:
        if columns is not None:
            columns.check_header(header_of(path))
        rows: list[FileRow] = []
        for row in read_rows(path, formulas=formulas):
            if len(rows) >= most_rows:
                raise _too_large(_("一次最多导入 %(n)d 行，请拆分。") % {"n": most_rows})
            rows.append(row)
        return rows


def _file_fault(sentence: str, *, code: str = "invalid") -> InvalidInput:
    return InvalidInput(sentence, code=code, fields={"file": [sentence]})


def _too_large(sentence: str) -> TooLarge:
    return TooLarge(sentence, fields={"file": [sentence]})


def _put(found: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    *parents, last = path
    for parent in parents:
        found = found.setdefault(parent, {})
        if not isinstance(found, dict):
            break
    if not isinstance(found, dict) or last in found:
        sentence = _("这一列出现了两次：%(name)s") % {"name": name}
        raise InvalidInput(sentence, fields={".".join(path): [sentence]})
    found[last] = value


def _number(path: str, value: float) -> str:
    """Numbers in text columns: 13800138000.0 is a phone number."""
    if abs(value) >= EXACT_BELOW and isinstance(value, float):
        sentence = _("数字过长，末位已丢失，请将该列设为文本格式。")
        raise InvalidInput(sentence, fields={path: [sentence]})
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def _chosen(text: str, choices: Choices) -> str:
    """The stored word; people write the Chinese one."""
    return next((str(value) for value, label in choices if text == str(label)), text)


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
