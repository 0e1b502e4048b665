"""Bring all encrypted values under the newest key, while the system runs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from core.events import record_event
from core.privacy.keys import key_ring
from core.privacy.rotation import BATCH_SIZE, key_usage, reindex, rotate_keys


class Command(BaseCommand):
    help = "Re-encrypts what is not under the newest key of KEAN_PRIVACY_KEYS. May be stopped and started again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, help="rows in one transaction")
        parser.add_argument("--reindex", action="store_true", help="also compute search hashes for a new index key")

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(column: str, changed: int) -> None:
            self.stdout.write(f"{column}: {changed}", ending="\r")

        columns = rotate_keys(batch_size=max(1, options["batch_size"]), progress=progress)
        for column in columns:
            self.stdout.write(f"{column.column}: {column.changed} re-encrypted")
        if options["reindex"]:
            for label, rows in reindex().items():
                self.stdout.write(f"{label}: {rows} rows indexed")
        changed = sum(column.changed for column in columns)
        with transaction.atomic():
            record_event(
                kind="personal_data.keys_rotated",
                subject_type="privacy",
                subject_id=None,
                actor=None,
                payload={"key": key_ring().newest, "changed": changed},
            )
        for key_id, count in sorted(key_usage().items()):
            note = "" if key_id == key_ring().newest else "  (still needed)"
            self.stdout.write(f"key {key_id}: {count} values{note}")
