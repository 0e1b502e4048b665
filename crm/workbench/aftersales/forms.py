"""One form for each step of a request. What is true of a value is decided by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from customers.forms import DressedForm
from tickets.aftersales_choices import COMPENSATED, REFUNDED, AfterSalesAction, AfterSalesKind, InspectionResult
from tickets.aftersales_outcomes import FIELDS, MONEY
from tickets.compensation import CASES
from tickets.models import AfterSales
from tickets.services.aftersales import accepting, deciding, floors, flow


def _text(label: Any, *, rows: int = 2, required: bool = True, most: int = flow.NOTE_LENGTH, **kwargs: Any) -> Any:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget, **kwargs)


def _money(label: Any, **kwargs: Any) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(label=label, max_digits=11, decimal_places=2, min_value=0, widget=widget, **kwargs)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Several pictures, taken on the spot with a phone."""

    widget = ManyFiles(attrs={"accept": "image/*", "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        if not data:
            raise forms.ValidationError(_("请至少上传一张照片。"))
        return [super(PhotosField, self).clean(one, initial) for one in data]


class StepForm(DressedForm):
    """The form of one action on one request."""

    def __init__(self, *args: Any, request: AfterSales, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)


class NoteForm(StepForm):
    note = _text(lazy("说明"), required=False)


class ReasonForm(StepForm):
    reason = _text(lazy("原因"))


class InspectForm(StepForm):
    result = forms.ChoiceField(
        label=lazy("验货结果"),
        choices=InspectionResult.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择验货结果。")},
    )
    checklist = forms.MultipleChoiceField(
        label=lazy("不完好的项目"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    photos = PhotosField(label=lazy("照片"), help_text=lazy("一到九张，可直接拍照。"))
    note = _text(lazy("说明"), required=False)

    def arrange(self) -> None:
        items = accepting.checklist_for(self.request)
        self.fields["checklist"].choices = [(item, _(item)) for item in items]  # type: ignore[attr-defined]


class DecideForm(StepForm):
    case = forms.ChoiceField(label=lazy("补偿情形"), choices=[])
    price = _money(lazy("商品价款"), required=False)
    amount = _money(lazy("金额"), required=False)
    note = _text(lazy("说明"), required=False)
    override_reason = _text(
        lazy("低于法定下限的理由"), required=False, most=floors.REASON_LENGTH, help_text=lazy("会通知其他主管复核。")
    )

    def arrange(self) -> None:
        kind = self.request.kind
        if kind == AfterSalesKind.COMPENSATION:
            simple = [item for item in CASES.values() if {one.name for one in item.inputs if one.is_required} <= {"P"}]
            self.fields["case"].choices = [(item.id, f"{item.id} {_(item.title)}") for item in simple]  # type: ignore[attr-defined]
            self.fields["price"].initial = self.request.goods_value
        else:
            del self.fields["case"], self.fields["price"]
        if kind not in (*REFUNDED, *COMPENSATED):
            del self.fields["amount"], self.fields["override_reason"]
        elif kind in REFUNDED:
            self.fields["amount"].initial = deciding.proposed(self.request)


class CompleteForm(StepForm):
    def arrange(self) -> None:
        for field in FIELDS[self.request.kind]:
            if field.phase == "complete":
                self.fields[field.name] = forms.CharField(
                    label=_(field.label), max_length=300, required=field.is_required
                )


class FeedbackForm(StepForm):
    note = _text(lazy("告诉客户的内容"))


class EvaluateForm(StepForm):
    rating = forms.TypedChoiceField(
        label=lazy("客户评价"),
        coerce=int,
        choices=[(n, str(n)) for n in (5, 4, 3, 2, 1)],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": lazy("请选择评价。")},
    )
    note = _text(lazy("说明"), required=False)


class SwitchForm(StepForm):
    """The new outcome; of its fields those are sent that it asks for."""

    kind = forms.ChoiceField(label=lazy("新方案"), choices=AfterSalesKind.choices)
    reason = _text(lazy("原因"))

    def arrange(self) -> None:
        labels = AfterSalesKind(self.request.kind)
        self.fields["kind"].choices = [one for one in AfterSalesKind.choices if one[0] != labels]  # type: ignore[attr-defined]
        for name, field in outcome_fields().items():
            self.fields[name] = field

    def details(self) -> dict[str, Any]:
        """What the chosen outcome asks for."""
        return details_of(self.cleaned_data, self.cleaned_data["kind"])


def outcome_fields() -> dict[str, forms.Field]:
    """A field for everything an outcome asks for when it is chosen."""
    found: dict[str, forms.Field] = {}
    for kind, fields in FIELDS.items():
        for field in fields:
            if field.phase == "apply":
                label = f"{_(field.label)}（{AfterSalesKind(kind).label}）"
                found[field.name] = (
                    _money(label, required=False)
                    if field.kind == MONEY
                    else forms.CharField(label=label, max_length=300, required=False)
                )
    return found


def details_of(values: dict[str, Any], kind: str) -> dict[str, Any]:
    """Of the values those that the outcome asks for, as text."""
    names = [field.name for field in FIELDS[kind] if field.phase == "apply"]
    return {name: str(values[name]) for name in names if values.get(name) not in (None, "")}


_A = AfterSalesAction
FORMS: dict[str, type[StepForm]] = {
    _A.ACCEPT: NoteForm,
    _A.REFUSE: ReasonForm,
    _A.RECEIVE: NoteForm,
    _A.INSPECT: InspectForm,
    _A.DECIDE: DecideForm,
    _A.COMPLETE: CompleteForm,
    _A.FEEDBACK: FeedbackForm,
    _A.EVALUATE: EvaluateForm,
    _A.SWITCH: SwitchForm,
    _A.CANCEL: ReasonForm,
}
