"""Columns that several tables share."""

from typing import Any

from django.db import models

from core import clock


class UpdatedAtField(models.DateTimeField):
    """When the row was last saved, by the application's clock (Django's auto_now knows only the system's)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", clock.now)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        moment = clock.now()
        setattr(model_instance, self.attname, moment)
        return moment
