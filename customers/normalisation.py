"""Phone numbers and e-mail addresses: one written form each, and the keyed hashes they are found by."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from core.privacy import blind_index

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_NOISE = re.compile(r"[\s\u00a0\u3000()（）.\-－—–]+")
_COUNTRY = re.compile(r"^(?:\+|＋|00)?86(?=1\d{10}$)", re.ASCII)
_LANDLINE = re.compile(r"^(?:(?:\+|00)?86)?0\d{2,3}\d{7,8}(?:转?\d{1,6})?$|^\d{7,8}$|^[48]00\d{7}$", re.ASCII)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋＠．", "0123456789+@.")


class InvalidContact(ValidationError):
    """A phone number or e-mail address that cannot be used; `message` says why. Forms and serializers know it."""

    def __str__(self) -> str:
        return str(self.message)


def check_phone(phone: str) -> str:
    """The eleven digits of a mainland mobile number; +86, spaces and dashes are dropped.

    Raises InvalidContact for landlines and everything else that is not a mobile number.
    """
    digits = _COUNTRY.sub("", _NOISE.sub("", phone.translate(_FULL_WIDTH)))
    if MOBILE.fullmatch(digits):
        return digits
    if _LANDLINE.match(digits):
        raise InvalidContact(_("这是座机号码，请填写 11 位手机号。"))
    raise InvalidContact(_("手机号应为以 13 至 19 开头的 11 位数字。"))


def check_email(email: str) -> str:
    """The address in lower case. Raises InvalidContact when it is not an address."""
    cleaned = email.translate(_FULL_WIDTH).strip().lower()
    try:
        validate_email(cleaned)
    except ValidationError as error:
        raise InvalidContact(_("邮箱格式不正确，例如 name@example.com。")) from error
    if len(cleaned) > 254:
        raise InvalidContact(_("邮箱不能超过 254 个字符。"))
    return cleaned


def phone_index(phone: str) -> str:
    """Keyed hash of a normalised number; empty for none."""
    return blind_index("phone", phone)


def email_index(email: str) -> str:
    """Keyed hash of an address, whatever its case; empty for none."""
    return blind_index("email", email.strip().lower())


def phone_tail(phone: str) -> str:
    """The last four digits, as customers give them on the phone."""
    return phone[-4:]


def phone_tail_index(phone: str) -> str:
    """Keyed hash of the last four digits; empty for none."""
    return blind_index("phone_tail", phone_tail(phone))
