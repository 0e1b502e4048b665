"""Masking what was stored before bank card and identity numbers were masked on writing.

While everything keeps running: batch by batch, each in its own transaction, and a row only if its value is
still the one that was read. Stopped halfway, the next run does what is left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import models

from core.events.recording import record_event
from core.language import mask_payment
from core.privacy.cipher import Ciphertext
from core.privacy.fields import EncryptedTextField, WrittenTextField
from core.privacy.rotation import encrypted_fields, replace_values

MASKED = "personal_data.masked"
BATCH_SIZE = 500
Mask = Callable[[str], str]

_forms: dict[tuple[str, str], Mask] = {}


@dataclass(frozen=True)
class MaskedColumn:
    """How many values of a column held such a number."""

    column: str
    changed: int


def register_form(model: type[models.Model], field: str, mask: Mask) -> None:
    """Name how a column is masked whose texts have a form of their own (stored requests, mails)."""
    _forms[(model._meta.label, field)] = mask


def mask_stored(
    *, batch_size: int = BATCH_SIZE, dry_run: bool = False, progress: Callable[[str, int], None] | None = None
) -> list[MaskedColumn]:
    """Mask every stored text that people wrote, or only count them (`dry_run`)."""
    done = []
    for field in encrypted_fields():
        mask = _forms.get((field.model._meta.label, field.name)) or mask_payment
        if not isinstance(field, WrittenTextField) and mask is mask_payment:
            continue
        column = f"{field.model._meta.db_table}.{field.column}"
        changed = 0
        for rows in _rows_to_mask(field, mask, batch_size):
            changed += len(rows) if dry_run else replace_values(field, rows, mask)
            if progress:
                progress(column, changed)
        done.append(MaskedColumn(column, changed))
    if not dry_run:
        record_event(
            kind=MASKED,
            subject_type="privacy",
            subject_id=None,
            actor=None,
            payload={one.column: one.changed for one in done},
        )
    return done


def _rows_to_mask(
    field: EncryptedTextField, mask: Mask, batch_size: int
) -> Iterator[list[tuple[object, object, Ciphertext]]]:
    last: object = None
    rows = field.model._base_manager.exclude(**{f"{field.name}__isnull": True}).order_by("pk")
    while True:
        waiting = rows if last is None else rows.filter(pk__gt=last)
        batch = list(waiting.values_list("pk", "row_key", field.attname)[:batch_size])
        if not batch:
            return
        last = batch[-1][0]
        found = []
        for key, row_key, value in batch:
            text = value.open(field.place(row_key))
            if mask(text) != text:
                found.append((key, row_key, value))
        if found:
            yield found
