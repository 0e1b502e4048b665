"""Guards shared by the services of this floor."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.text import has_forbidden_characters
from customers.normalisation import InvalidContact, check_email, check_phone

MAX_NAME = 100
MAX_EXTERNAL_ID = 200
MAX_PLATFORM = 50


def _contact(field: str, value: str | None, normalise: Callable[[str], str]) -> str:
    if value is None or not value.strip():
        return ""
    try:
        return normalise(value)
    except InvalidContact as error:
        raise field_error(field, str(error)) from error


def clean_phone(phone: str | None, *, field: str = "phone") -> str:
    """The normalised number, empty for none. Raises InvalidInput naming `field`."""
    return _contact(field, phone, check_phone)


def clean_email(email: str | None, *, field: str = "email") -> str:
    """The address in lower case, empty for none. Raises InvalidInput naming `field`."""
    return _contact(field, email, check_email)


def clean_line(value: str | None, *, field: str, limit: int) -> str:
    """One trimmed line of at most `limit` characters. Raises InvalidInput naming `field`."""
    cleaned = (value or "").strip()
    if len(cleaned) > limit:
        raise field_error(field, _("不能超过 %(limit)s 个字符。") % {"limit": limit})
    if has_forbidden_characters(cleaned, multiline=False):
        raise field_error(field, _("含有不允许的字符。"))
    return cleaned


def clean_external_ids(external_ids: Mapping[str, str] | None) -> dict[str, str]:
    """Platform accounts without empty ones. Raises InvalidInput naming external_ids."""
    cleaned = {}
    for platform, external_id in (external_ids or {}).items():
        key = clean_line(platform, field="external_ids", limit=MAX_PLATFORM).lower()
        value = clean_line(str(external_id), field="external_ids", limit=MAX_EXTERNAL_ID)
        if key and value:
            cleaned[key] = value
    return cleaned


def field_error(field: str, sentence: str, *, code: str = "invalid") -> InvalidInput:
    """One sentence about one field."""
    return InvalidInput(sentence, code=code, fields={field: [sentence]})
