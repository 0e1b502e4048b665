"""What happens between "the engines answer" and "the web process starts": migrations and demo data.

One process for all of it, because starting Django is most of the time a warm start takes.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import django
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command


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
    from crm.workbench.demo.people import LOGINS  # models can be imported only after django.setup()

    users = get_user_model()._default_manager
    known_password = state.password()
    if known_password == password or (known_password is None and users.exists()):
        return
    if known_password is None:
        call_command("demo", password=password)
    else:
        for user in users.filter(username__in=LOGINS):
            user.set_password(password)
            user.save(update_fields=["password"])
    state.write(password, LOGINS)


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
    except CommandError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
