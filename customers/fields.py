"""Columns computed from a neighbour whenever the row is written, one by one or in bulk."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from customers import names


class NameInitialsField(models.CharField):
    """Pinyin initials of the column `name`."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = names.initials(getattr(model_instance, "name", "") or "")
        setattr(model_instance, self.attname, value)
        return value


class NameGramsField(ArrayField):
    """Characters and pairs of the column `name`, searched through a GIN index."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = names.grams(getattr(model_instance, "name", "") or "")
        setattr(model_instance, self.attname, value)
        return value
