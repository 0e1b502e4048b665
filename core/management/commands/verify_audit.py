"""`verify_audit`: is the history as it was written?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.audit.services import seal, verify

FAULTS = {
    "changed": "事件 {id} 的内容被改动。",
    "deleted": "事件 {id} 被删除。",
    "inserted": "事件 {id} 是事后插入的。",
    "head_missing": "给定的指纹不在链上：尾部被截断，或指纹不对。",
}


class Command(BaseCommand):
    help = "核对历史是否被改动；有改动时以 1 退出，并说出第一处。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", default="", help="另处保存的指纹，应在链上")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify(head=options["head"])
        if verdict.fault:
            self.stdout.write(FAULTS[verdict.fault].format(id=verdict.broken_event))
            sys.exit(1)
        sealed = seal()
        self.stdout.write(f"历史完好：{verdict.checked + sealed} 条，指纹 {verify().head if sealed else verdict.head}")
