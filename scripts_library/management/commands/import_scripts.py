"""Brings scripts in from a file."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.rowfiles import FileRow, text_of
from core.versions.commands import ImportTextsCommand
from core.versions.importing import ImportReport, TextRow, title_of
from core.versions.services import BODY_LIMIT
from scripts_library.choices import ScriptKind
from scripts_library.services import import_scripts


class Command(ImportTextsCommand):
    help = _("从 JSONL 或 XLSX 导入话术：{key, title?, text, kind?, topic?}")

    def text_row(self, row: FileRow) -> TextRow:
        body = text_of(row, "text", limit=BODY_LIMIT)
        title = text_of(row, "title", limit=200, required=False)
        columns = {"topic": text_of(row, "topic", limit=100, required=False), "kind": _kind(row)}
        return TextRow(row.line, text_of(row, "key", limit=100), title or title_of(body), body, columns)

    def bring_in(self, rows: Sequence[TextRow], options: dict[str, Any]) -> ImportReport:
        return import_scripts(rows=rows, as_drafts=options["draft"])


def _kind(row: FileRow) -> str:
    """The stored word; spreadsheets may say it in Chinese."""
    given = text_of(row, "kind", limit=100, required=False)
    if not given:
        return ScriptKind.BASIC.value
    for kind in ScriptKind:
        if given in (kind.value, kind.label):
            return kind.value
    raise InvalidInput(_("kind：须为 %(kinds)s 之一。") % {"kinds": "、".join(ScriptKind.values)})
