"""Takes mail in, one JSON line for each message; what a mail server pipes to or a fetcher calls."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from core.textfiles import answers
from tickets.email import MAX_BYTES
from tickets.services.email import Outcome, Received, receive_mail


class Command(BaseCommand):
    help = _("收取邮件：从文件或标准输入读取 RFC 5322 邮件，每封输出一行 JSON")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        for line in answers(_received(options["files"])):
            self.stdout.write(line)
            self.stdout.flush()


def _received(files: list[Path]) -> Iterator[dict[str, Any]]:
    if not files:
        yield _shown("-", receive_mail(sys.stdin.buffer.read(MAX_BYTES + 1)))
    for path in files:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            yield _shown(str(path), Received(Outcome.REJECTED, reason=_("文件无法读取：%s") % error.strerror))
            continue
        yield _shown(str(path), receive_mail(raw))


def _shown(file: str, received: Received) -> dict[str, Any]:
    return {
        "file": file,
        "result": str(received.result),
        "ticket": received.ticket,
        "from": received.sender,
        "subject": received.subject,
        "text": received.text,
        "attachments": received.attachments,
        "reason": received.reason,
    }
