"""`create_api_token USERNAME`: a new key for the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.staff.models import User
from crm.staff.services import issue_token


class Command(BaseCommand):
    help = "为员工创建接口令牌，标准输出只有令牌本身。 Prints a new API token for USERNAME and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="命令行", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username__iexact=options["username"]).first()
        if person is None:
            raise CommandError(f"没有名为“{options['username']}”的员工。 No such user.")
        if not person.is_active:
            raise CommandError(f"“{person.username}”已停用。 This user is deactivated.")
        _token, key = issue_token(user=person, name=options["name"], actor=None)
        self.stdout.write(key)
