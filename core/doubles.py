"""Values that only one row may have: a second one is refused by its field's name."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict

_UNIQUE_VIOLATION = "23505"
#: `Key ("position")=(10) already exists.`; names that are words of SQL stand in quotes.
_COLUMNS = re.compile(r"\(([^()]+)\)=\(")


@contextmanager
def refusing_doubles(*fields: str, sentence: str = "") -> Iterator[None]:
    """Around the writing of a row: Conflict "duplicate" naming which of `fields` another row has already; the first
    one when the database names none of them. `sentence` stands at the field."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        fault = {_at_fault(str(error), fields): [sentence or _("该值已被占用。")]}
        raise Conflict(sentence or _("已有相同的记录。"), code="duplicate", fields=fault) from error


def _at_fault(message: str, fields: tuple[str, ...]) -> str:
    found = _COLUMNS.search(message)
    columns = {name.strip().strip('"').removesuffix("_id") for name in found[1].split(",")} if found else set()
    return next((name for name in fields if name in columns), fields[0])
