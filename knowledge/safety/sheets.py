"""Sheets by product, and bringing them in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.filefields import read_upload
from core.rowfiles import FileRow, text_of
from core.versions.importing import ImportReport, TextRow, import_texts
from core.versions.services import BODY_LIMIT, create_item, update_item
from knowledge.models import SafetySheet, SafetySheetVersion
from knowledge.models.safety import SHEET_TEXTS, SOURCE_LENGTH, TEXT_LENGTH

#: What people write over their columns, besides the names of the API.
COLUMNS = {
    "商品编码": "sku",
    "商品名称": "title",
    "成分": "ingredients",
    "过敏原": "allergens",
    "禁忌": "contraindications",
    "适用人群": "suitable_for",
    "来源文件": "source",
    "生效时间": "valid_from",
}
SKU_LENGTH, TITLE_LENGTH = 100, 200
MOST_LINES, MOST_BYTES = 2000, 5 * 1024 * 1024


def create_sheet(*, actor: Any, key: str, title: str, **columns: Any) -> SafetySheet:
    """The sheet of a product, without words yet; add them with `draft_version`. One sheet a SKU."""
    made: SafetySheet = create_item(model=SafetySheet, actor=actor, scope={}, key=key, title=title, **columns)
    return made


def update_sheet(*, sheet: SafetySheet, actor: Any, changes: Mapping[str, Any]) -> SafetySheet:
    """Change owner or title of the identity."""
    changed: SafetySheet = update_item(item=sheet, actor=actor, changes=changes)
    return changed


def sheets_of(skus: Iterable[str]) -> dict[str, SafetySheetVersion]:
    """The version in use of each of these products that has one now, by SKU. One statement; none for no product."""
    wanted = [sku for sku in dict.fromkeys(skus) if sku]
    if not wanted:
        return {}
    rows: Any = SafetySheet.objects
    found: dict[str, SafetySheetVersion] = {}
    for sheet in rows.live().filter(key__in=wanted).select_related("live_version"):
        sheet.live_version.item = sheet
        found[sheet.key] = sheet.live_version
    return {sku: found[sku] for sku in wanted if sku in found}


def sheet_row(row: FileRow) -> TextRow:
    """A line of a file as a sheet. Raises InvalidInput with the sentence for the report."""
    if row.error:
        raise InvalidInput(row.error)
    named = FileRow(row.line, {COLUMNS.get(name, name): value for name, value in row.values.items()})
    texts = {name: text_of(named, name, limit=TEXT_LENGTH, required=name == "allergens") for name in SHEET_TEXTS}
    extra = {**texts, "source": text_of(named, "source", limit=SOURCE_LENGTH), "valid_from": _moment(named)}
    sku = text_of(named, "sku", limit=SKU_LENGTH)
    title = text_of(named, "title", limit=TITLE_LENGTH, required=False) or sku
    return TextRow(row.line, sku, title, text_of(named, "ingredients", limit=BODY_LIMIT), extra=extra)


def _moment(row: FileRow) -> datetime | None:
    text = text_of(row, "valid_from", limit=40, required=False)
    if not text:
        return None
    try:
        day = parse_date(text[:10]) if len(text) <= 10 else None
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001 (made aware below)
    except ValueError:
        moment = None
    if moment is None or not 1990 <= moment.year < 2100:
        raise InvalidInput(_("valid_from：请写日期，如 2026-11-01。"))
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def import_sheets(*, rows: Iterable[FileRow], actor: Any | None = None, as_drafts: bool = True) -> ImportReport:
    """Bring sheets in, good lines only; by people always as drafts, which somebody else then reviews."""
    good: list[TextRow] = []
    errors: list[tuple[int, str]] = []
    for row in rows:
        try:
            good.append(sheet_row(row))
        except InvalidInput as refused:
            errors.append((row.line, refused.message))
    report = import_checked(rows=good, actor=actor, as_drafts=as_drafts)
    report.errors = sorted([*report.errors, *errors])
    return report


def import_file(*, upload: "UploadedFile[Any]", actor: Any) -> ImportReport:
    """The sheets of an uploaded file as drafts. Raises InvalidInput naming `file` for the file as a whole."""
    return import_sheets(rows=read_upload(upload, most_rows=MOST_LINES, most_bytes=MOST_BYTES), actor=actor)


def import_checked(*, rows: Sequence[TextRow], actor: Any | None, as_drafts: bool) -> ImportReport:
    """The same for lines that were read already."""
    return import_texts(model=SafetySheet, rows=rows, actor=actor, as_drafts=as_drafts, scope={})
