"""Masks the personal data of texts in a file and says where it was; or masks what is stored, for good."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.language import detect_personal_data, mask_text
from core.privacy.written import BATCH_SIZE, mask_stored
from core.textfiles import TextLine, answers, read_all, text_line


class Command(BaseCommand):
    help = _("脱敏：每行 {id, text}，输出 {id, text, spans}；或用 --stored 永久脱敏已保存的银行卡号和证件号")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--stored", action="store_true", help=_("脱敏已保存的会话、原始消息和备注，不可撤销"))
        parser.add_argument("--dry-run", action="store_true", help=_("与 --stored 一起：只统计，不修改"))
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["stored"]:
            for column in mask_stored(batch_size=max(1, options["batch_size"]), dry_run=options["dry_run"]):
                self.stdout.write(f"{column.column}: {column.changed}")
            return
        if options["file"] is None:
            raise CommandError(_("请给出文件，或用 --stored。"))
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
