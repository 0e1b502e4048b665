"""Forms of the login and of the person's own page."""

import re
from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from django import forms
from django.utils.translation import gettext_lazy as _

from crm.staff.choices import Theme


def _dress(form: forms.Form, labels: dict[str, Any]) -> None:
    """Our labels and classes on the fields of somebody else's form."""
    for name, field in form.fields.items():
        field.label = labels.get(name, field.label)
        field.widget.attrs.pop("placeholder", None)
        if name in ("password", "oldpassword"):
            field.help_text = ""
        field.widget.attrs.setdefault("class", "form-control")
        if form.is_bound and name in form.errors:
            field.widget.attrs["aria-invalid"] = "true"


class LoginForm(account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, {"login": _("用户名"), "password": _("密码")})
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocapitalize": "none", "spellcheck": "false"}


class ChangePasswordForm(account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, {"oldpassword": _("当前密码"), "password1": _("新密码"), "password2": _("再次输入新密码")})


class ResetPasswordForm(account.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, {"email": _("邮箱")})


class ResetPasswordKeyForm(account.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, {"password1": _("新密码"), "password2": _("再次输入新密码")})


class ReauthenticateForm(account.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, {"password": _("密码")})


class AuthenticateCodeForm(second_factor.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self, _("验证码或恢复码"))


class ReauthenticateCodeForm(second_factor.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self, _("验证码或恢复码"))


class ActivateCodeForm(totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self, _("验证码"))


def _dress_code(form: forms.Form, label: Any) -> None:
    _dress(form, {"code": label})
    form.fields["code"].widget.attrs |= {
        "class": "form-control k-code",
        "inputmode": "numeric",
        "autofocus": True,
        "maxlength": 12,
    }


def _switch() -> forms.TypedChoiceField:
    """On, off, or not asked for (None)."""
    return forms.TypedChoiceField(
        choices=[("on", _("开")), ("off", _("关"))], coerce=lambda word: word == "on", empty_value=None, required=False
    )


class PreferencesForm(forms.Form):
    """Language, look and ways of working; each may come alone."""

    undoes_send = _switch()
    opens_next = _switch()

    language = forms.ChoiceField(required=False)
    theme = forms.ChoiceField(choices=Theme.choices, required=False)

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = languages  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("名称"),
        max_length=100,
        help_text=_("写明用途，例如“ERP 同步”。"),
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )


class WordsField(forms.CharField):
    """A list of words in one line, parted by commas of either kind or 、."""

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return list(dict.fromkeys(word.strip() for word in re.split("[,，、;；]", text or "") if word.strip()))
