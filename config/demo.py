"""Demo data for an empty installation, and the file that tells `bin/run` which logins to print."""

import os
from collections.abc import Iterable
from pathlib import Path

from django.core.management import call_command

from crm.staff.models import User
from crm.staff.services import set_password
from crm.workbench.demo.people import LOGINS


class DemoState:
    """DATA/demo: absent until the demo is complete, then its password and its logins, a line each."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "demo"

    def password(self) -> str | None:
        return self.file.read_text(encoding="utf-8").splitlines()[0] if self.file.exists() else None

    def write(self, password: str, logins: Iterable[str]) -> None:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            output.write(f"{password}\n{'  '.join(logins)}\n")


def make_demo(state: DemoState, password: str) -> None:
    """Tell the story where no staff exist. It is one transaction, so an interrupted attempt begins anew.

    The printed password stays true: when KEAN_DEMO_PASSWORD changes, that of the demo logins does.
    """
    known_password = state.password()
    if not User.objects.exists():
        call_command("demo", password=password)
    elif known_password is not None and known_password != password:
        for user in User.objects.filter(username__in=LOGINS):
            set_password(user=user, password=password, actor=None)
    elif known_password is None and not _was_made_by_hand(password):
        return
    state.write(password, LOGINS)


def _was_made_by_hand(password: str) -> bool:
    """Whether somebody ran the demo command with the password of this installation."""
    person = User.objects.filter(username=LOGINS[0]).first()
    return person is not None and person.check_password(password)
