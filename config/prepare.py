"""What happens between "the engines answer" and "the web process starts": migrations and demo data.

One process for all of it, because starting Django is most of the time a warm start takes.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import django
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command

from core.errors import DomainError


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
    """Demo data for an empty installation. It is one transaction, so an interrupted attempt begins anew.

    The printed password stays true: when KEAN_DEMO_PASSWORD changes, that of the demo logins does.
    """
    # Models can be imported only after django.setup().
    from crm.staff.models import User
    from crm.staff.services import set_password
    from crm.workbench.demo.people import LOGINS

    users = User.objects
    known_password = state.password()
    if not users.exists():
        call_command("demo", password=password)
    elif known_password is not None and known_password != password:
        for user in users.filter(username__in=LOGINS):
            set_password(user=user, password=password, actor=None)
    elif known_password is None and not _is_demo(users.filter(username=LOGINS[0]).first(), password):
        return
    state.write(password, LOGINS)


def _is_demo(person: AbstractBaseUser | None, password: str) -> bool:
    """Whether somebody made the demo by hand, with the password of this installation."""
    return person is not None and person.check_password(password)


def refuse_unfit_database() -> None:
    """End with the sentences of the database checks, before anything is written."""
    findings = [finding for finding in run_checks(tags=[Tags.database], databases=["default"]) if finding.is_serious()]
    if findings:
        sys.exit("\n".join(str(finding) for finding in findings))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    refuse_unfit_database()
    call_command("migrate", interactive=False, verbosity=0)
    if "--no-demo" in sys.argv:
        return
    try:
        make_demo(DemoState(Path(os.environ["KEAN_DATA"])), os.environ["KEAN_DEMO_PASSWORD"])
    except (CommandError, DomainError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
