"""The base of models that hold encrypted fields."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.db import models

from core.privacy.fields import BlindIndexField


class EncryptedRow(models.Model):
    """A row with a key of its own, to which its encrypted values are bound for life."""

    row_key = models.UUIDField(default=uuid4, unique=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            update_fields = with_blind_indexes(type(self), update_fields)
        super().save(*args, update_fields=update_fields, **kwargs)


def with_blind_indexes(model: type[models.Model], names: Iterable[str]) -> list[str]:
    """`names` and the blind indexes of the fields among them: both or neither are written."""
    wanted = list(names)
    indexes = [field for field in model._meta.concrete_fields if isinstance(field, BlindIndexField)]
    return [*wanted, *(field.name for field in indexes if field.source in wanted and field.name not in wanted)]
