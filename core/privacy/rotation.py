"""Bringing stored values under the newest key while everything keeps running.

Values under older keys stay readable as long as their keys are in the ring, so reads never
fail. A row is changed only if its value is still the one that was read; whoever wrote in
between has used the newest key anyway. Stopped halfway, the next run does what is left.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import BinaryField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.lookups import Exact
from psycopg import sql

from core.privacy.cipher import Ciphertext, blob_prefix, encrypt, key_id_of
from core.privacy.fields import BlindIndexField, EncryptedTextField
from core.privacy.keys import key_ring

BATCH_SIZE = 500
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class RotatedColumn:
    """How many values of one column were brought under the newest key."""

    column: str
    changed: int


def rotate_keys(
    *,
    batch_size: int = BATCH_SIZE,
    models_to_rotate: Iterable[type[models.Model]] | None = None,
    progress: Progress | None = None,
) -> list[RotatedColumn]:
    """Re-encrypt what is not under the newest key, batch by batch, each in its own transaction.

    `progress(column, changed so far)` is called after every batch. Raises PrivacyError at a value
    that cannot be opened.
    """
    done = []
    for field in encrypted_fields(models_to_rotate):
        column = f"{field.model._meta.db_table}.{field.column}"
        changed = 0
        for step in _batches(field, batch_size):
            changed += step
            if progress:
                progress(column, changed)
        done.append(RotatedColumn(column, changed))
    return done


def key_usage(models_to_count: Iterable[type[models.Model]] | None = None) -> dict[str, int]:
    """How many stored values are under each key id. A key with none may leave the ring."""
    usage: dict[str, int] = {}
    for field in encrypted_fields(models_to_count):
        head = Func(F(field.attname), Value(1), Value(34), function="substring", output_field=BinaryField())
        rows = _filled(field).annotate(head=head).values_list("head", flat=True)
        for blob in rows.iterator(chunk_size=5000):
            key_id = key_id_of(bytes(blob))
            usage[key_id] = usage.get(key_id, 0) + 1
    return usage


def reindex(
    *, batch_size: int = BATCH_SIZE, models_to_index: Iterable[type[models.Model]] | None = None
) -> dict[str, int]:
    """Compute every blind index anew, for a new index key. Returns rows by model."""
    done: dict[str, int] = {}
    for model in _concrete(models_to_index):
        indexes = [field for field in model._meta.concrete_fields if isinstance(field, BlindIndexField)]
        if not indexes:
            continue
        rows = model._base_manager.only("pk", "row_key", *(field.source for field in indexes)).order_by("pk")
        done[model._meta.label] = 0
        for row in rows.iterator(chunk_size=batch_size):
            digests = {field.attname: field.digest(getattr(row, field.source)) for field in indexes}
            done[model._meta.label] += model._base_manager.filter(pk=row.pk).update(**digests)
    return done


def encrypted_fields(chosen: Iterable[type[models.Model]] | None = None) -> list[EncryptedTextField]:
    """All encrypted fields of the given models, or of all installed ones."""
    return [
        field
        for model in _concrete(chosen)
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]


def _concrete(chosen: Iterable[type[models.Model]] | None) -> list[type[models.Model]]:
    every = apps.get_models() if chosen is None else chosen
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def _filled(field: EncryptedTextField) -> QuerySet[Any]:
    size = Func(F(field.attname), function="octet_length", output_field=IntegerField())
    return field.model._base_manager.annotate(_size=size).filter(_size__gt=0).order_by()


def _batches(field: EncryptedTextField, batch_size: int) -> Iterable[int]:
    """Rows changed in each batch. The place reached is the primary key; a failed race is left to its winner."""
    prefix = blob_prefix(key_ring().newest)
    head = Func(F(field.attname), Value(1), Value(len(prefix)), function="substring", output_field=BinaryField())
    stale = _filled(field).filter(~Q(Exact(head, Value(prefix, output_field=BinaryField())))).order_by("pk")
    last: Any = None
    while True:
        waiting = stale if last is None else stale.filter(pk__gt=last)
        rows = list(waiting.values_list("pk", "row_key", field.attname)[:batch_size])
        if not rows:
            return
        last = rows[-1][0]
        yield replace_values(field, rows)


def replace_values(
    field: EncryptedTextField, rows: list[tuple[Any, Any, Ciphertext]], change: Callable[[str], str] = str
) -> int:
    """Write values anew, changed by `change`, where they are still the ones that were read; returns how many.

    rows: primary key, row key and value as `values_list` gives them.
    """
    keys, old, new = [], [], []
    for key, row_key, value in rows:
        place = field.place(row_key)
        keys.append(key)
        old.append(value.blob)
        new.append(encrypt(change(value.open(place)), place))
    model = field.model
    statement = sql.SQL(
        "UPDATE {table} AS t SET {column} = v.fresh "
        "FROM unnest({keys}::{key_type}[], %s::bytea[], %s::bytea[]) AS v(id, old, fresh) "
        "WHERE t.{pk} = v.id AND t.{column} = v.old"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(str(field.column)),
        keys=sql.Placeholder(),
        key_type=sql.SQL(str(model._meta.pk.rel_db_type(connection))),
        pk=sql.Identifier(str(model._meta.pk.column)),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [keys, old, new])
        return int(cursor.rowcount)
