"""Ranks scripts for the messages of a file."""

from typing import Any

from django.utils.translation import gettext as _

from core.versions.commands import RankCommand
from scripts_library.suggestion import ranked_keys


class Command(RankCommand):
    help = _("为每行 {id, text} 输出最合适的 10 条话术")

    def handle(self, *args: Any, **options: Any) -> None:
        self.print_ranked(options["file"], ranked_keys)
