"""`translations`: bring the English catalogue up to date, or check that it is complete."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.translating import catalogue_path, faults, update


class Command(BaseCommand):
    help = "从代码和模板提取文案，更新英文目录；--check 只核对，不完整时以 1 退出。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只核对：缺失、未译、待核对、占位符不一致")

    def handle(self, *args: Any, **options: Any) -> None:
        path = catalogue_path()
        if not options["check"]:
            catalogue = update(path)
            self.stdout.write(f"共 {len(catalogue)} 条文案。")
        found = faults(path)
        for fault in found:
            self.stdout.write(fault)
        if options["check"] and found:
            sys.exit(1)
