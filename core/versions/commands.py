"""What the import and search commands of scripts and articles share."""

import json
import sys
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.rowfiles import FileRow, read_rows, text_of
from core.versions.importing import ImportReport, TextRow

QUERY_LIMIT = 20_000


class ImportTextsCommand(ABC, BaseCommand):
    """Reads rows, brings the good ones in, and names the lines that were left out."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--draft", action="store_true", help=_("作为草稿导入，等待审核"))

    def handle(self, *args: Any, **options: Any) -> None:
        rows: list[TextRow] = []
        errors: list[tuple[int, str]] = []
        for row in rows_of(options["file"]):
            try:
                rows.append(self.text_row(checked(row)))
            except InvalidInput as refused:
                errors.append((row.line, refused.message))
        report = self.bring_in(rows, options)
        report.errors.extend(errors)
        self.tell(report)

    @abstractmethod
    def text_row(self, row: FileRow) -> TextRow:
        """The row to bring in; raises InvalidInput with the sentence for the report."""

    @abstractmethod
    def bring_in(self, rows: Sequence[TextRow], options: dict[str, Any]) -> ImportReport:
        """Hand the rows to the service of their floor."""

    def tell(self, report: ImportReport) -> None:
        tell_errors(self, report.errors)
        self.stdout.write(
            _("新增 %(created)s，更新 %(changed)s，未变 %(unchanged)s，未导入 %(errors)s")
            % {
                "created": report.created,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "errors": len(report.errors),
            }
        )
        if report.errors and not (report.created or report.changed or report.unchanged):
            raise CommandError(_("没有可导入的行。"))


class RankCommand(BaseCommand):
    """For rows {"id", "text"} prints {"id", "ranked"}, in order."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def print_ranked(self, path: Path, ranked: Callable[[str], list[str]]) -> None:
        for row in rows_of(path):
            answer: dict[str, Any] = {"id": row.values.get("id"), "ranked": []}
            try:
                answer["ranked"] = ranked(text_of(checked(row), "text", limit=QUERY_LIMIT, required=False))
            except InvalidInput as refused:
                answer["error"] = _("第 %(line)s 行：%(why)s") % {"line": row.line, "why": refused.message}
            self.stdout.write(json.dumps(answer, ensure_ascii=False))


def rows_of(path: Path) -> Iterator[FileRow]:
    try:
        yield from read_rows(path)
    except InvalidInput as refused:
        raise CommandError(refused.message) from refused


def checked(row: FileRow) -> FileRow:
    """The row; raises InvalidInput when it could not be read."""
    if row.error:
        raise InvalidInput(row.error)
    return row


def tell_errors(command: BaseCommand, errors: Sequence[tuple[int, str]]) -> None:
    for line, why in sorted(errors):
        command.stderr.write(_("第 %(line)s 行：%(why)s") % {"line": line, "why": why})
    sys.stderr.flush()
