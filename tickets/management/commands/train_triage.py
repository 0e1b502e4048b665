"""Learns from a team's own labelled messages and puts the model into force when it is better."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.rowfiles import FileRow
from core.textfiles import raw_text, read_all
from tickets.triage.learning import Lesson, learn
from tickets.triage.training import Example

LABEL_LIMIT = 100


class Command(BaseCommand):
    help = _("训练自动分类：每行 {text, category?, queue?, complaint?, urgent?, negative?}")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help=_("即使不优于现用模型也启用"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            examples = read_all(options["file"], example_of)
            lesson = learn(examples=examples, force=options["force"], actor=None)
        except InvalidInput as refused:
            raise CommandError(refused.message) from refused
        self.tell(lesson)

    def tell(self, lesson: Lesson) -> None:
        trained = lesson.trained
        self.stdout.write(
            _("学习 %(learned)s 条，留出测量 %(kept)s 条（指标按给定标签计算）")
            % {"learned": trained.row_count, "kept": len(trained.kept_aside)}
        )
        for name, count in trained.corrected.items():
            self.stdout.write(_("%(name)s：更正可疑标签 %(count)s 条") % {"name": name, "count": count})
        for name, value in trained.figures.items():
            live = lesson.live_figures.get(name)
            now = "" if live is None else _("（现用 %(value).3f）") % {"value": live}
            self.stdout.write(f"{name} {value:.3f}{now}")
        self.stdout.write(f"score {trained.score:.3f}" + _("（现用 %(value).3f）") % {"value": lesson.live_score})
        for queue in lesson.queues_made:
            self.stdout.write(_("新建队列：%(name)s") % {"name": queue})
        if lesson.went_live:
            self.stdout.write(_("模型 #%(id)s 已启用") % {"id": lesson.model_id})
        else:
            self.stdout.write(_("模型 #%(id)s 未启用：不优于现用模型（可用 --force）") % {"id": lesson.model_id})


def example_of(row: FileRow) -> Example:
    """A labelled message; raises InvalidInput with the sentence for the line."""
    return Example(
        text=raw_text(row),
        category=_choice(row, "category"),
        queue=_choice(row, "queue"),
        complaint=_flag(row, "complaint"),
        urgent=_flag(row, "urgent"),
        negative=_flag(row, "negative"),
    )


def _choice(row: FileRow, name: str) -> str | None:
    value = row.values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidInput(_("%(name)s：须为文字。") % {"name": name})
    text = str(value).strip()
    if len(text) > LABEL_LIMIT:
        raise InvalidInput(_("%(name)s：最多 %(limit)s 字。") % {"name": name, "limit": LABEL_LIMIT})
    if not text.isprintable():
        raise InvalidInput(_("%(name)s：含有不允许的字符。") % {"name": name})
    return text or None


def _flag(row: FileRow, name: str) -> bool | None:
    value = row.values.get(name)
    if value is None:
        return None
    if value not in (0, 1):
        raise InvalidInput(_("%(name)s：须为 0 或 1。") % {"name": name})
    return bool(value)
