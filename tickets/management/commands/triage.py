"""Judges the texts of a file with the live model, or with the rules when none is live."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.textfiles import TextLine, answers, read_all, text_line
from tickets.triage import judge_many


class Command(BaseCommand):
    help = _("自动分类：每行 {id, text}，输出类别、队列与概率")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = read_all(options["file"], text_line)
        except InvalidInput as refused:
            raise CommandError(refused.message) from refused
        for line in answers(_judged(rows)):
            self.stdout.write(line)


def _judged(rows: list[TextLine]) -> Iterator[dict[str, Any]]:
    for row, judgement in zip(rows, judge_many(row.text for row in rows), strict=True):
        yield {
            "id": row.id,
            "category": judgement.category,
            "category_confidence": judgement.category_confidence,
            "queue": judgement.queue,
            "complaint": judgement.complaint,
            "urgent": judgement.urgent,
            "negative": judgement.negative,
            "severity": judgement.severity,
            "type": judgement.type,
            "terms": judgement.terms,
            "needs_human": judgement.needs_human,
        }
