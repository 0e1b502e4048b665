"""Brings articles in from a file."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.rowfiles import FileRow, text_of
from core.versions.commands import ImportTextsCommand
from core.versions.importing import ImportReport, TextRow, title_of
from core.versions.services import BODY_LIMIT
from knowledge.services import import_articles


class Command(ImportTextsCommand):
    help = _("从 JSONL 或 XLSX 导入知识文章：{doc_id, title?, text}")

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--collection", default="", help=_("文集，互不混淆"))

    def text_row(self, row: FileRow) -> TextRow:
        body = text_of(row, "text", limit=BODY_LIMIT)
        title = text_of(row, "title", limit=200, required=False)
        columns: dict[str, str] = {
            name: text_of(row, name, limit=100, required=False)
            for name in ("category", "product")
            if name in row.values
        }
        return TextRow(row.line, text_of(row, "doc_id", limit=100), title or title_of(body), body, columns)

    def bring_in(self, rows: Sequence[TextRow], options: dict[str, Any]) -> ImportReport:
        return import_articles(rows=rows, collection=options["collection"], as_drafts=options["draft"])
