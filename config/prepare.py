"""What happens between "the engines answer" and "the web process starts": migrations and demo data.

One process for all of it, because starting Django is most of the time it takes.
"""

import os
import sys
from pathlib import Path

import django
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command


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
    # Models can be imported only after django.setup().
    from config.demo import DemoState, make_demo
    from core.errors import DomainError

    try:
        make_demo(DemoState(Path(os.environ["KEAN_DATA"])), os.environ["KEAN_DEMO_PASSWORD"])
    except (CommandError, DomainError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
