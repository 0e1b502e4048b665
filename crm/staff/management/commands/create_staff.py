"""`create_staff USERNAME --role ROLE --team TEAM`: a person, and the team when it is new."""

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.errors import DomainError
from crm.staff.choices import Role
from crm.staff.models import Team, User
from crm.staff.services import create_staff, create_team


class Command(BaseCommand):
    help = "新建员工；密码取自标准输入，没有时随机生成并打印。 Makes a person; password from standard input or random."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", choices=Role.values, default=Role.AGENT.value)
        parser.add_argument("--team", default="", help="name of the team, made when new")
        parser.add_argument("--name", default="", help="what colleagues see")

    def handle(self, *args: Any, **options: Any) -> None:
        given = _password_from_input()
        password = given or secrets.token_urlsafe(12)
        try:
            with transaction.atomic():
                person = self._create(password=password, **options)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"已创建 {person.username}（{person.get_role_display()}）。")
        if not given:
            self.stdout.write(f"密码：{password}")

    def _create(self, *, username: str, role: str, team: str, name: str, password: str, **_rest: Any) -> User:
        teams = [self._team(team)] if team else []
        return create_staff(username=username, role=role, teams=teams, display_name=name, password=password, actor=None)

    def _team(self, name: str) -> Team:
        return Team.objects.filter(name=name).first() or create_team(name=name, actor=None)


def _password_from_input() -> str:
    """The first line of standard input, when something is piped into it."""
    return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
