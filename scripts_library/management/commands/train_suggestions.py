"""Learns which script or article belongs to which message."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.versions.commands import rows_of, tell_errors
from scripts_library.training import train


class Command(BaseCommand):
    help = _("学习话术或文章与消息的对应：{text, script?, article?}")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--collection", default="", help=_("文章所在的文集"))

    def handle(self, *args: Any, **options: Any) -> None:
        report = train(rows=rows_of(options["file"]), collection=options["collection"])
        tell_errors(self, report.errors)
        counts = {"scripts": report.scripts, "articles": report.articles, "errors": len(report.errors)}
        self.stdout.write(_("学习话术 %(scripts)s 条，文章 %(articles)s 条，未学习 %(errors)s 行") % counts)
        if report.errors and not (report.scripts or report.articles):
            raise CommandError(_("没有可学习的行。"))
