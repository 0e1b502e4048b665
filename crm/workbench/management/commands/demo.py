"""`demo`: the story of an invented shop, for looking around. Does nothing where staff exist."""

import logging
import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.errors import DomainError
from crm.staff.models import User
from crm.workbench.demo.people import LOGINS
from crm.workbench.demo.story import tell

BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "写入演示数据：一家虚构店铺四周的客服往来。已有员工账号时不做任何改动。 "
        "Tells the story of an invented shop; does nothing where staff accounts exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password",
            default=os.environ.get("KEAN_DEMO_PASSWORD", ""),
            help="password of every demo login; KEAN_DEMO_PASSWORD unless given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            self.stdout.write("已有员工账号，演示数据未写入，什么都没有改动。")
            return
        password = options["password"]
        if not password:
            raise CommandError("请用 --password 或环境变量 KEAN_DEMO_PASSWORD 给出演示账号的密码。")
        begun = time.monotonic()
        bar = Bar()
        # What services report on the way would tear the bar to pieces, and is invented besides.
        logging.disable(logging.INFO)
        try:
            told = tell(password=password, end=clock.now(), progress=bar.show)
        except DomainError as error:
            raise CommandError(f"演示数据写入失败，未留下任何数据：{error.message}") from error
        finally:
            logging.disable(logging.NOTSET)
        bar.end()
        for line in told.broken:
            self.stderr.write(f"这段情节没有演完：{line}")
        self.stdout.write(
            f"演示数据已就绪：{told.tickets} 张工单（{told.open_tickets} 张未结）、{told.customers} 位客户、"
            f"{told.surveys} 份评价、{told.visits} 次回访，用时 {time.monotonic() - begun:.0f} 秒；"
            f"账号 {'、'.join(LOGINS)}。"
        )


class Bar:
    """Progress on standard error: a bar on a terminal, a line every tenth elsewhere."""

    def __init__(self) -> None:
        self._shown = -1

    def show(self, share: float) -> None:
        percent = min(99, int(share * 100))
        if percent == self._shown:
            return
        if sys.stderr.isatty():
            filled = BAR_WIDTH * percent // 100
            sys.stderr.write(f"\r演示数据 [{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {percent:3d}%")
        elif percent // 10 != self._shown // 10:
            sys.stderr.write(f"演示数据 {percent // 10 * 10}%\n")
        sys.stderr.flush()
        self._shown = percent

    def end(self) -> None:
        sys.stderr.write(f"\r演示数据 [{'█' * BAR_WIDTH}] 100%\n" if sys.stderr.isatty() else "演示数据 100%\n")
        sys.stderr.flush()
