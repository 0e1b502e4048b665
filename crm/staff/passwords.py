"""What a password must be, each rule with its sentence."""

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator, UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SHORTEST = 10
LONGEST = 128
_TELLING = 4  # characters from which on a name inside a password gives it away


class LengthValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < SHORTEST:
            raise ValidationError(_("密码太短，至少需要 10 个字符。"), code="password_too_short")
        if len(password) > LONGEST:
            raise ValidationError(_("密码太长，最多 128 个字符。"), code="password_too_long")

    def get_help_text(self) -> str:
        return _("至少 10 个字符。")


class OwnNameValidator(UserAttributeSimilarityValidator):
    """Neither like the person's names nor with one of them inside."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username", "display_name", "email"))

    def validate(self, password: str, user: Any = None) -> None:
        sentence = _("密码不能包含用户名、姓名或邮箱，也不能与其相似。")
        lowered = password.casefold()
        for attribute in self.user_attributes:
            value = str(getattr(user, attribute, "") or "").partition("@")[0].casefold()
            if len(value) >= _TELLING and value in lowered:
                raise ValidationError(sentence, code="password_too_similar")
        try:
            super().validate(password, user)
        except ValidationError as error:
            raise ValidationError(sentence, code="password_too_similar") from error

    def get_help_text(self) -> str:
        return _("不能包含用户名、姓名或邮箱。")


class NotCommonValidator(CommonPasswordValidator):
    def validate(self, password: str, user: Any = None) -> None:
        try:
            super().validate(password, user)
        except ValidationError as error:
            raise ValidationError(_("密码太常见，容易被猜到。"), code="password_too_common") from error

    def get_help_text(self) -> str:
        return _("不能是常见密码。")


class NotOnlyDigitsValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if password.isdigit():
            raise ValidationError(_("密码不能全是数字。"), code="password_entirely_numeric")

    def get_help_text(self) -> str:
        return _("不能全是数字。")
