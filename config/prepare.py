"""What happens between "the engines answer" and "the web process starts": migrations and demo data.

One process for all of it, because starting Django is most of the time a warm start takes.
"""

import os
import sys
from pathlib import Path

import django
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command

DEMO_LOGINS = ("admin", "lead", "supervisor", "agent", "agent2", "other_agent", "auditor")


class DemoState:
    """DATA/demo: absent, `started`, or `done` with the password given to the demo people."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "demo"

    def read(self) -> tuple[str, str]:
        if not self.file.exists():
            return "", ""
        state, _space, password = self.file.read_text(encoding="utf-8").strip().partition(" ")
        return state, password

    def write(self, state: str, password: str = "") -> None:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            output.write(f"{state} {password}\n")


def make_demo(state: DemoState, password: str) -> None:
    """Demo data for an empty installation; an interrupted attempt is taken up again.

    Demo logins keep the printed password true: when KEAN_DEMO_PASSWORD changes, theirs does.
    """
    user_model = get_user_model()
    stage, known_password = state.read()
    if stage == "done":
        if known_password != password:
            for user in user_model._default_manager.filter(username__in=DEMO_LOGINS):
                user.set_password(password)
                user.save(update_fields=["password"])
            state.write("done", password)
        return
    if stage == "" and user_model._default_manager.exists():
        return
    state.write("started")
    call_command("demo")
    state.write("done", password)


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
    if "--no-demo" not in sys.argv:
        make_demo(DemoState(Path(os.environ["KEAN_DATA"])), os.environ["KEAN_DEMO_PASSWORD"])


if __name__ == "__main__":
    main()
