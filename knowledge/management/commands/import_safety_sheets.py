"""Brings product safety sheets in from a file."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.rowfiles import FileRow
from core.versions.commands import ImportTextsCommand
from core.versions.importing import ImportReport, TextRow
from knowledge.safety.sheets import import_checked, sheet_row


class Command(ImportTextsCommand):
    help = _("从 CSV、XLSX 或 JSONL 导入产品安全资料：sku, title, ingredients, allergens, source …")

    def text_row(self, row: FileRow) -> TextRow:
        return sheet_row(row)

    def bring_in(self, rows: Sequence[TextRow], options: dict[str, Any]) -> ImportReport:
        return import_checked(rows=rows, actor=None, as_drafts=options["draft"])
