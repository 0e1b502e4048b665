"""Count the daily figures anew from the events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.insights.services import rebuild_day_counts


class Command(BaseCommand):
    help = "Count the daily figures of the reports anew from the events. Pages show the old ones until it is done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=2000, help="Events counted at a time (default 2000).")

    def handle(self, *args: Any, batch: int, verbosity: int, **options: Any) -> None:
        def tell(done: int) -> None:
            if verbosity > 1:
                self.stdout.write(f"{done} events")

        done = rebuild_day_counts(batch=batch, progress=tell)
        self.stdout.write(f"{done} events counted.")
