import csv
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.calendars.models import PublicHolidayYear
from core.calendars.public_days import DEFAULT_YEARS, PublicDay
from core.calendars.services import enter_public_year, load_public_holidays
from core.errors import DomainError


class Command(BaseCommand):
    help = "Load public holidays and make-up workdays of mainland China (default: the announced years not yet loaded)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("years", nargs="*", type=int, help="Years to load again, such as 2026.")
        parser.add_argument("--file", type=Path, help="CSV with the columns on, kind (closed or working), name.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            years = self._from_file(options["file"]) if options["file"] else self._announced(options["years"])
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(" ".join(str(year) for year in years) or "Nothing to load.")

    def _announced(self, asked: list[int]) -> list[int]:
        known = set(PublicHolidayYear.objects.values_list("year", flat=True))
        missing = [year for year in DEFAULT_YEARS if year not in known]
        years = sorted({*asked, *missing})
        return load_public_holidays(years) if years else []

    def _from_file(self, path: Path) -> list[int]:
        days: dict[int, list[PublicDay]] = {}
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    on = date.fromisoformat(row["on"])
                    works = {"closed": False, "working": True}[row["kind"]]
                except (KeyError, ValueError) as error:
                    raise CommandError(f"{path}: {row}: columns on (YYYY-MM-DD), kind (closed or working).") from error
                days.setdefault(on.year, []).append(PublicDay(on, works, row.get("name") or ""))
        for year, listed in days.items():
            enter_public_year(year=year, days=listed, actor=None, source=path.name)
        return sorted(days)
