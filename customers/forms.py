"""Forms of the customer pages. What is true of a value is decided by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from customers.choices import ConsentChannel, ConsentDecision, ConsentPurpose, TagKind
from customers.models import Customer, Tag
from customers.services.consents import MAX_EVIDENCE, MAX_VERSION, MAX_WORDING
from customers.services.profiles import MAX_ADDRESS, MAX_NOTES, PERSONAL_FIELDS, CustomerChanges
from customers.services.validation import MAX_NAME

MOMENT_FORMAT = "%Y-%m-%dT%H:%M"


def _moment_field(label: Any, **kwargs: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=False, input_formats=[MOMENT_FORMAT], widget=widget, **kwargs)


class DressedForm(forms.Form):
    """Our classes on every widget, and the faults of a service beside the fields they name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrange()
        for name, field in self.fields.items():
            is_box = isinstance(field.widget, forms.CheckboxInput)
            is_select = isinstance(field.widget, forms.Select)
            css = "form-check-input" if is_box else "form-select" if is_select else "form-control"
            field.widget.attrs.setdefault("class", css)
            if self.is_bound and name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"

    def arrange(self) -> None:
        """Add or drop fields; called before the form is dressed, which validates it."""

    def add_domain_error(self, error: DomainError) -> None:
        """Show a refusal of a service where it belongs."""
        named = {name: texts for name, texts in error.fields.items() if name in self.fields}
        for name, sentences in named.items():
            for sentence in sentences:
                self.add_error(name, sentence)
            self.fields[name].widget.attrs["aria-invalid"] = "true"
        if not named:
            self.add_error(None, error.message)


class CustomerForm(DressedForm):
    """Make or change a customer. Stored personal data is not shown: an empty field leaves it as it is."""

    name = forms.CharField(label=_("姓名"), max_length=MAX_NAME, required=False)
    phone = forms.CharField(label=_("手机号"), max_length=30, required=False)
    email = forms.CharField(label=_("邮箱"), max_length=254, required=False)
    address = forms.CharField(label=_("地址"), max_length=MAX_ADDRESS, required=False)
    level = forms.CharField(label=_("会员等级"), max_length=50, required=False)
    important = forms.BooleanField(label=_("重点客户"), required=False)
    important_until = _moment_field(_("重点客户截止"), help_text=_("到时自动取消；留空则一直有效。"))
    do_not_contact = forms.BooleanField(label=_("免打扰：不主动联系"), required=False)
    do_not_contact_reason = forms.CharField(label=_("免打扰原因"), max_length=200, required=False)
    notes = forms.CharField(
        label=_("备注"), max_length=MAX_NOTES, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    preferences = forms.CharField(
        label=_("偏好"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一项，例如“称呼：陈女士”。"),
    )
    revision = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    allow_duplicate = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, customer: Customer | None = None, **kwargs: Any) -> None:
        # Before the form dresses itself, which validates and asks for it.
        self.customer = customer
        super().__init__(*args, **kwargs)
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        for name, mask in PERSONAL_FIELDS.items():
            stored = getattr(customer, name) if customer else ""
            if stored:
                self.fields[name].widget.attrs["placeholder"] = mask(stored)
                self.fields[name].help_text = _("留空则不修改。")

    def clean_preferences(self) -> dict[str, Any]:
        """Lines "name: value" as pairs; values nobody touched keep their type."""
        stored = self.customer.preferences if self.customer else {}
        found: dict[str, Any] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["preferences"].splitlines())):
            name, mark, value = line.replace("：", ":", 1).partition(":")
            if not mark or not name.strip():
                raise forms.ValidationError(_("请按“名称：内容”填写：%(line)s"), params={"line": line})
            key, text = name.strip(), value.strip()
            found[key] = stored[key] if key in stored and str(stored[key]) == text else text
        return found

    @staticmethod
    def initial_of(customer: Customer) -> dict[str, Any]:
        """What the form shows of a stored record: everything but phone, e-mail and address."""
        shown = {
            n: getattr(customer, n) for n in ("name", "level", "important", "important_until", "notes", "revision")
        }
        return shown | {
            "do_not_contact": customer.do_not_contact_at is not None,
            "do_not_contact_reason": customer.do_not_contact_reason,
            "preferences": "\n".join(f"{name}：{value}" for name, value in customer.preferences.items()),
        }

    def changes(self) -> CustomerChanges:
        """What the service is asked to write."""
        skipped = {"revision", "allow_duplicate"}
        if self.customer is not None:
            skipped |= {name for name in PERSONAL_FIELDS if not self.cleaned_data.get(name)}
        return {name: value for name, value in self.cleaned_data.items() if name not in skipped}  # type: ignore[return-value]


class CustomerTagForm(DressedForm):
    tag = forms.ModelChoiceField(
        label=_("标签"), queryset=Tag.objects.filter(kind=TagKind.MANUAL, is_active=True), empty_label=_("选择标签")
    )
    expires_at = _moment_field(_("到期时间"))
    reason = forms.CharField(label=_("原因"), max_length=200, required=False)


class RevealForm(DressedForm):
    field = forms.CharField(max_length=50, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("查看原因"), max_length=200)


class ConsentForm(DressedForm):
    """What a customer said about one purpose. Nothing is chosen beforehand."""

    purpose = forms.ChoiceField(label=_("用途"), choices=[("", _("选择用途")), *ConsentPurpose.choices])
    decision = forms.ChoiceField(label=_("客户表示"), choices=[("", _("选择")), *ConsentDecision.choices])
    channel = forms.ChoiceField(label=_("方式"), choices=[("", _("选择方式")), *ConsentChannel.choices])
    is_asked = forms.BooleanField(label=_("由我方询问"), required=False)
    wording = forms.CharField(
        label=_("告知内容"),
        max_length=MAX_WORDING,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("同意时必填：客户看到或听到的原文。"),
    )
    wording_version = forms.CharField(label=_("告知版本"), max_length=MAX_VERSION, required=False)
    evidence = forms.CharField(
        label=_("凭证"), max_length=MAX_EVIDENCE, required=False, help_text=_("例如录音编号，不要填写个人信息。")
    )
    at = _moment_field(_("表示时间"), help_text=_("留空为现在。"))
