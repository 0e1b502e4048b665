"""Masks the personal data of texts in a file and says where it was."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.language import detect_personal_data, mask_text
from core.textfiles import TextLine, answers, read_all, text_line


class Command(BaseCommand):
    help = _("脱敏：每行 {id, text}，输出 {id, text, spans}")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = read_all(options["file"], text_line)
        except InvalidInput as refused:
            raise CommandError(refused.message) from refused
        for line in answers(_masked(rows)):
            self.stdout.write(line)


def _masked(rows: list[TextLine]) -> Iterator[dict[str, Any]]:
    for row in rows:
        spans = detect_personal_data(row.text)
        yield {
            "id": row.id,
            "text": mask_text(row.text, spans),
            "spans": [{"start": span.start, "end": span.end, "type": span.type} for span in spans],
        }
