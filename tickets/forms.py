"""What the public may fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.text import has_forbidden_characters
from customers.normalisation import check_email, check_phone

BODY_LENGTH = 20_000


class CleanTextField(forms.CharField):
    """Text without control characters."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if has_forbidden_characters(text, multiline=self.multiline):
            raise forms.ValidationError(_("含有不允许的字符。"))
        return text


class ComplaintForm(forms.Form):
    """A complaint with contact data, or anonymous without any."""

    body = CleanTextField(
        label=_("投诉内容"),
        max_length=BODY_LENGTH,
        multiline=True,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 6}),
        help_text=_("发生了什么、您希望怎样解决。"),
    )
    order_no = CleanTextField(
        label=_("订单号"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    name = CleanTextField(
        label=_("称呼"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "name"}),
    )
    phone = CleanTextField(
        label=_("手机号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "tel", "autocomplete": "tel"}),
        help_text=_("查询进度时要用到后四位。"),
    )
    email = CleanTextField(
        label=_("邮箱"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "email", "autocomplete": "email"}),
    )
    anonymous = forms.BooleanField(
        label=_("匿名投诉（不留联系方式，我们也无法回复您）"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    #: One page shown is one complaint: sending it twice is done once.
    form_id = forms.RegexField(regex=r"^[A-Za-z0-9_-]{16,64}$", widget=forms.HiddenInput)

    def clean_phone(self) -> str:
        value = self.cleaned_data["phone"]
        return check_phone(value) if value else ""

    def clean_email(self) -> str:
        value = self.cleaned_data["email"]
        return check_email(value) if value else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        reachable = data.get("phone") or data.get("email") or {"phone", "email"} & set(self.errors)
        if not data.get("anonymous") and not reachable:
            self.add_error("phone", _("请填写手机号或邮箱，或选择匿名。"))
        return data


class TrackForm(forms.Form):
    """Which ticket, and a sign that it is theirs."""

    number = CleanTextField(
        label=_("工单号"),
        max_length=20,
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}),
    )
    phone_tail = forms.RegexField(
        label=_("手机号后四位"),
        regex=r"^[0-9]{4}$",
        error_messages={"invalid": _("请填写四位数字。")},
        widget=forms.TextInput(
            attrs={"class": "form-control", "inputmode": "numeric", "maxlength": "4", "autocomplete": "off"}
        ),
    )
