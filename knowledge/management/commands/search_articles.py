"""Ranks articles for the questions of a file."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from core.versions.commands import RankCommand
from knowledge.search import ranked_keys


class Command(RankCommand):
    help = _("为每行 {id, text} 输出最合适的 10 篇文章")

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--collection", default="", help=_("文集，互不混淆"))

    def handle(self, *args: Any, **options: Any) -> None:
        collection = options["collection"]
        self.print_ranked(options["file"], lambda text: ranked_keys(text, collection=collection))
