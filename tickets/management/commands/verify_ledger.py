"""`verify_ledger`: is the after-sales ledger as it was written?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.ledger import chain, checking
from tickets.models.ledger import CheckScope


class Command(BaseCommand):
    help = "核验售后台账是否被改动；有改动时以 1 退出，并说出第一笔。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new", action="store_true", help="只核验上次完好的核验以后的")

    def handle(self, *args: Any, **options: Any) -> None:
        chain.catch_up()
        check = checking.check_now(scope=CheckScope.NEW if options["new"] else CheckScope.ALL)
        if check.fault:
            self.stdout.write(f"{check.finding}。")
            sys.exit(1)
        self.stdout.write(f"台账完好：核验 {check.checked} 笔，到第 {check.position} 笔，指纹 {check.mark}")
