"""Brings tickets in from a file: first a dry run, then with --commit."""

import csv
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.exports import safe_cell
from core.filefields import LineError
from core.rowfiles import read_rows
from tickets.importing import ImportReport, TicketImport

REASONS_SHOWN = 10
BAR_WIDTH = 30
_REDRAW_SECONDS = 0.2


class Command(BaseCommand):
    help = _("从 CSV、JSONL 或 XLSX 导入工单；不加 --commit 只试算，不写入")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--commit", action="store_true", help=_("写入正确的行"))
        parser.add_argument("--report", type=Path, help=_("错误报告（CSV），默认为 FILE.errors.csv"))
        parser.add_argument("--channel", default="", help=_("没有渠道列时使用的渠道"))

    def handle(self, *args: Any, **options: Any) -> None:
        run = TicketImport(commit=options["commit"], channel=options["channel"])
        path: Path = options["file"]
        try:
            # Once through to know how many, which refuses files that are too large before anything is written.
            total = sum(1 for _row in read_rows(path, formulas=True))
            bar = _Bar(self, total)
            for number, row in enumerate(read_rows(path, formulas=True), start=1):
                run.take(row)
                bar.show(number)
            bar.end()
        except InvalidInput as refused:
            raise CommandError(refused.message) from refused
        if run.report.errors:
            self._tell_errors(run.report, options["report"] or path.with_name(f"{path.name}.errors.csv"))
        self._tell(run.report, commit=options["commit"])

    def _tell_errors(self, report: ImportReport, path: Path) -> None:
        reasons = Counter((error.field, error.reason) for error in report.errors)
        for (name, reason), count in reasons.most_common(REASONS_SHOWN):
            lines = [str(error.line) for error in report.errors if (error.field, error.reason) == (name, reason)][:5]
            self.stderr.write(
                _("%(count)d 行　%(field)s　%(reason)s（第 %(lines)s 行%(more)s）")
                % {
                    "count": count,
                    "field": name or "-",
                    "reason": reason,
                    "lines": "、".join(lines),
                    "more": "…" if count > len(lines) else "",
                }
            )
        try:
            _write_report(path, report.errors)
        except OSError as error:
            self.stderr.write(_("错误报告无法写入：%s") % error.strerror)
            return
        self.stderr.write(_("错误报告：%s") % path)

    def _tell(self, report: ImportReport, *, commit: bool) -> None:
        sentence = (
            _("新建 %(created)d，已存在 %(existing)d，错误 %(failed)d 行")
            if commit
            else _("试算（未写入）：将新建 %(created)d，已存在 %(existing)d，错误 %(failed)d 行")
        )
        counts = {"created": report.created, "existing": report.existing, "failed": report.failed}
        self.stdout.write(sentence % counts)
        if report.failed and not (report.created or report.existing):
            raise CommandError(_("没有可导入的行。"))


class _Bar:
    """Progress on standard error, redrawn a few times a second."""

    def __init__(self, command: BaseCommand, total: int) -> None:
        self.command = command
        self.total = total
        self.drawn_at = 0.0

    def show(self, done: int) -> None:
        if done < self.total and time.monotonic() - self.drawn_at < _REDRAW_SECONDS:
            return
        self.drawn_at = time.monotonic()
        filled = BAR_WIDTH * done // max(self.total, 1)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        share = 100 * done // max(self.total, 1)
        self.command.stderr.write(f"\r{bar} {share:3d} % {done}/{self.total}", ending="")

    def end(self) -> None:
        self.command.stderr.write("")
        sys.stderr.flush()


def _write_report(path: Path, errors: Iterable[LineError]) -> None:
    # The mark lets spreadsheets see that it is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "field", "reason"])
        writer.writerows([error.line, safe_cell(error.field), safe_cell(error.reason)] for error in errors)
