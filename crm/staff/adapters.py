"""How signing in behaves here."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from core.privacy.cipher import decrypt, encrypt
from crm.context import THEME_COOKIE
from crm.staff.choices import Availability
from crm.staff.models import User
from crm.staff.services import change_availability, set_password

_WRONG = _("用户名或密码不正确。")
_YEAR = 365 * 24 * 3600
_SECRET_PLACE = "mfa_authenticator.data"  # noqa: S105 - the place of a secret, not a secret


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by admins, never by signing up; wrong is wrong, whatever was wrong."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "invalid_login": _WRONG,
        "incorrect_password": _("密码不正确。"),
        "enter_current_password": _("请输入当前密码。"),
        "invalid_password_reset": _("重置链接无效或已使用过，请重新申请。"),
        "too_many_login_attempts": _("尝试次数过多，请稍后再试。"),
        "rate_limited": _("操作过于频繁，请稍后再试。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords are counted by the lock-out in the database, and by it alone."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No cheers: the page that follows says what happened."""

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_looks(response, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            change_availability(user=user, availability=Availability.OFFLINE, actor=None)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        assert isinstance(user, User)
        set_password(user=user, password=password, actor=user)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        return redirect(settings.LOGIN_URL)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted like personal data."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("验证码不正确。"),
        "cannot_delete_authenticator": _("不能停用两步验证。"),
        "cannot_generate_recovery_codes": _("启用两步验证后才能生成恢复码。"),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return base64.b64encode(encrypt(text, _SECRET_PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(base64.b64decode(encrypted_text), _SECRET_PLACE)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Who must have a second factor cannot put it off."""
        return authenticator.type != "totp" or authenticator.user.role not in settings.SECOND_FACTOR_ROLES


def remember_looks(response: HttpResponse, user: User) -> None:
    """Language and look in cookies, so that pages before the login have them too."""
    if user.language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=_YEAR, samesite="Lax")
    response.set_cookie(THEME_COOKIE, user.theme, max_age=_YEAR, samesite="Lax")
