"""Forms of the library pages. What is true of a text is decided by the services."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.versions.models import Version
from core.versions.services import BODY_LIMIT
from customers.forms import MOMENT_FORMAT, DressedForm
from customers.models import Shop
from knowledge.choices import Audience
from scripts_library.choices import TICKET_TYPES, AngerLevel, ScriptKind
from scripts_library.steps import MAX_STEP_LENGTH, MAX_STEPS, STEP_KINDS

SHOWN_STEPS = 4
SPARE_STEPS = 2


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(
        label=label, required=False, input_formats=[MOMENT_FORMAT], widget=widget, help_text=help_text
    )


class ItemForm(DressedForm):
    """The identity of a text. `is_new` shows what can be said only once."""

    only_new: tuple[str, ...] = ("key",)

    key = forms.CharField(label=_("编号"), max_length=100)
    title = forms.CharField(label=_("标题"), max_length=200)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        self.is_new = is_new
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        if not self.is_new:
            for name in self.only_new:
                del self.fields[name]


class ScriptForm(ItemForm):
    kind = forms.ChoiceField(label=_("类别"), choices=ScriptKind.choices)
    topic = forms.CharField(label=_("主题"), max_length=100, required=False, help_text=_("例如：退款、物流、安抚。"))
    anger_level = forms.TypedChoiceField(
        label=_("安抚阶梯"),
        choices=[("", _("不在阶梯上")), *AngerLevel.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("客户到了这一级情绪时，工作台优先给出这条话术。"),
    )
    ticket_types = forms.MultipleChoiceField(
        label=_("适用工单类型"),
        choices=TICKET_TYPES,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        help_text=_("都不选表示都适用。"),
    )
    shop = forms.ModelChoiceField(
        label=_("店铺"), queryset=Shop.objects.order_by("name"), required=False, empty_label=_("全部店铺")
    )

    def arrange(self) -> None:
        super().arrange()
        if self.is_new:
            self.fields["key"].help_text = _("客服在回复框输入“/编号”即可找到。")


class ArticleForm(ItemForm):
    only_new = ("key", "collection")

    collection = forms.CharField(
        label=_("文集"), max_length=100, required=False, help_text=_("编号在同一文集中不能重复。")
    )
    category = forms.CharField(label=_("分类"), max_length=100, required=False)
    product = forms.CharField(label=_("商品编码"), max_length=100, required=False, help_text=_("留空表示通用。"))
    audience = forms.ChoiceField(label=_("可见范围"), choices=Audience.choices)


class DraftForm(DressedForm):
    """The words of a version."""

    title = forms.CharField(label=_("标题"), max_length=200, required=False, help_text=_("留空则沿用。"))
    body = forms.CharField(label=_("正文"), max_length=BODY_LIMIT, widget=forms.Textarea(attrs={"rows": 12}))
    valid_from = _moment(_("生效时间"))
    valid_until = _moment(_("有效期至"), _("过期后不再推荐，正文仍可查阅。"))
    note = forms.CharField(label=_("修改说明"), max_length=500, required=False)

    def __init__(self, *args: Any, with_title: bool = True, **kwargs: Any) -> None:
        self.with_title = with_title
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        if not self.with_title:
            del self.fields["title"]

    @staticmethod
    def initial_of(version: Version | None) -> dict[str, Any]:
        """What the form begins with: the words of the version that is changed or continued."""
        if version is None:
            return {}
        return {name: getattr(version, name) for name in ("title", "body", "valid_from", "valid_until")}

    def changes(self, *, title: str) -> dict[str, Any]:
        """What the service is asked to write; `title` stands where none was typed."""
        return {**self.cleaned_data, "title": self.cleaned_data.get("title") or title}


class ScriptDraftForm(DraftForm):
    """With the frame of a problem-solving script: numbered steps, empty ones left out."""

    def arrange(self) -> None:
        super().arrange()
        stored: list[dict[str, str]] = self.initial.pop("steps", [])
        kinds = list(STEP_KINDS)
        self.step_count = min(MAX_STEPS, max(SHOWN_STEPS, len(stored) + SPARE_STEPS, self._posted_steps()))
        for number in range(self.step_count):
            known = stored[number] if number < len(stored) else {"kind": kinds[min(number, 3)], "text": ""}
            kind_field = forms.ChoiceField(choices=list(STEP_KINDS.items()), initial=known["kind"], required=False)
            text_field = forms.CharField(
                initial=known["text"],
                required=False,
                max_length=MAX_STEP_LENGTH,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"step_kind_{number}"] = kind_field
            self.fields[f"step_text_{number}"] = text_field

    def _posted_steps(self) -> int:
        return sum(name.startswith("step_text_") for name in self.data)

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        return DraftForm.initial_of(version) | ({"steps": list(version.steps)} if version is not None else {})

    def steps(self) -> Iterator[tuple[int, forms.BoundField, forms.BoundField]]:
        """The rows of the form: number, kind and words."""
        for number in range(self.step_count):
            yield number + 1, self[f"step_kind_{number}"], self[f"step_text_{number}"]

    @property
    def has_steps(self) -> bool:
        return any(text.value() or text.errors for _number, _kind, text in self.steps())

    def changes(self, *, title: str) -> dict[str, Any]:
        data = super().changes(title=title)
        found = []
        for number in range(self.step_count):
            kind, words = data.pop(f"step_kind_{number}"), data.pop(f"step_text_{number}").strip()
            if words:
                found.append({"kind": kind, "text": words})
        return {**data, "steps": found}

    def add_domain_error(self, error: DomainError) -> None:
        """The steps have many fields; what is wrong with them stands at the first."""
        if "steps" in error.fields:
            error.fields["step_text_0"] = error.fields.pop("steps")
        super().add_domain_error(error)
