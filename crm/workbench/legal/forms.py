"""Forms of legal work. What is true of a value is decided by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.choices import ShopPlatform
from customers.forms import MOMENT_FORMAT, DressedForm
from tickets.legal.presets import EVENTS
from tickets.legal_choices import Authority, CaseEvent, CaseOutcome, EvidenceKind, Matter, Speaker
from tickets.models import ContactAttempt, InvestigationEntry, LegalRule
from tickets.services.legal import cases, clocks, evidence, investigations, packs, reviews


def moment_field(label: Any, **kwargs: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT_FORMAT, attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, input_formats=[MOMENT_FORMAT], widget=widget, **kwargs)


def words_field(label: Any, most: int, *, rows: int = 3, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class OwnIds(DressedForm):
    """Several forms share a page, and fields of the same name; every form marks its elements with its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}-%s")
        super().__init__(*args, **kwargs)


class CaseForm(DressedForm):
    authority = forms.ChoiceField(label=_("机关"), choices=Authority.choices)
    platform = forms.ChoiceField(
        label=_("平台"),
        choices=[("", _("—")), *ShopPlatform.choices],
        required=False,
        help_text=_("平台介入时填写；留空取工单店铺的平台。"),
    )
    matter = forms.ChoiceField(
        label=_("性质"), choices=Matter.choices, help_text=_("同一来件既投诉又举报时，分两件登记。")
    )
    external_number = forms.CharField(label=_("对方编号"), max_length=cases.NUMBER_LENGTH)
    received_at = moment_field(_("收到时间"))
    reply_due_at = moment_field(_("通知写明的答复期限"), required=False)
    ticket = forms.CharField(label=_("工单号"), max_length=20, required=False)
    summary = words_field(_("事由"), cases.SUMMARY_LENGTH, required=False)


class ProgressForm(OwnIds):
    event = forms.ChoiceField(label=_("进展"))
    at = moment_field(_("时间"))
    note = forms.CharField(label=_("说明"), max_length=cases.NOTE_LENGTH, required=False)

    def __init__(self, *args: Any, authority: str, **kwargs: Any) -> None:
        self.authority = authority
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        field: Any = self.fields["event"]
        field.choices = [(value, CaseEvent(value).label) for value in EVENTS[self.authority]]


class CloseForm(OwnIds):
    outcome = forms.ChoiceField(label=_("结果"), choices=CaseOutcome.choices)
    note = words_field(_("结果说明"), cases.SUMMARY_LENGTH, required=False)


class PackForm(OwnIds):
    reason = forms.CharField(
        label=_("导出原因"),
        max_length=packs.REASON_LENGTH,
        required=False,
        help_text=_("写明原因则包含完整个人信息并留痕；留空则脱敏。"),
    )
    file_type = forms.ChoiceField(
        label=_("格式"), choices=[(packs.ZIP, _("ZIP（PDF、原件和指纹）")), (packs.PDF, _("仅 PDF"))], required=False
    )

    def clean_file_type(self) -> str:
        return self.cleaned_data["file_type"] or packs.ZIP


class MeetForm(OwnIds):
    at = moment_field(_("完成时间"), required=False, help_text=_("留空为现在。"))
    cause = words_field(_("错过的原因"), clocks.NOTE_LENGTH, rows=2, required=False)
    remedy = words_field(_("补救措施"), clocks.NOTE_LENGTH, rows=2, required=False)


class ExplainForm(OwnIds):
    cause = words_field(_("错过的原因"), clocks.NOTE_LENGTH, rows=2)
    remedy = words_field(_("补救措施"), clocks.NOTE_LENGTH, rows=2)


class DropForm(OwnIds):
    reason = forms.CharField(label=_("不适用的原因"), max_length=clocks.REASON_LENGTH)


class StartForm(OwnIds):
    """A statutory deadline begun by hand on a ticket."""

    rule = forms.ChoiceField(label=_("事项"))
    started_at = moment_field(_("起算时间"))

    def arrange(self) -> None:
        rows = LegalRule.objects.filter(is_active=True, authorities=[]).order_by("code")
        field: Any = self.fields["rule"]
        field.choices = [(row.code, f"{row.title}（{row.amount} {row.get_unit_display()}）") for row in rows]


class EvidenceForm(OwnIds):
    file = forms.FileField(label=_("文件"), error_messages={"required": _("请选择文件。"), "empty": _("文件是空的。")})
    kind = forms.ChoiceField(
        label=_("类型"), choices=[(kind.value, kind.label) for kind in (EvidenceKind.FILE, EvidenceKind.PAGE)]
    )
    url = forms.URLField(
        label=_("网址"), max_length=1000, required=False, assume_scheme="https", help_text=_("页面快照必填。")
    )
    title = forms.CharField(label=_("名称"), max_length=evidence.TITLE_LENGTH, required=False)


class ReviewForm(OwnIds):
    question = words_field(_("提请说明"), reviews.TEXT_LENGTH)


class OpinionForm(OwnIds):
    opinion = words_field(_("意见"), reviews.TEXT_LENGTH)


class InquiryForm(OwnIds):
    questions = words_field(_("要查清的问题"), investigations.TEXT_LENGTH * 5, rows=4, help_text=_("每行一个问题。"))


class QuestionForm(OwnIds):
    text = words_field(_("追加问题"), investigations.TEXT_LENGTH, rows=2)


class _Questions(forms.ModelChoiceField):
    def label_from_instance(self, entry: Any) -> str:
        return str(entry.text)[:60]


class StatementForm(OwnIds):
    speaker = forms.ChoiceField(label=_("陈述人"), choices=Speaker.choices)
    answers = _Questions(
        label=_("回答的问题"),
        queryset=InvestigationEntry.objects.none(),
        required=False,
        empty_label=_("（不针对某个问题）"),
    )
    text = words_field(_("陈述"), investigations.TEXT_LENGTH)

    def __init__(self, *args: Any, questions: Any, **kwargs: Any) -> None:
        self.questions = questions
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        field: Any = self.fields["answers"]
        field.queryset = self.questions


class CallForm(OwnIds):
    outcome = forms.ChoiceField(label=_("回访电话"), choices=ContactAttempt.Outcome.choices)
    note = forms.CharField(label=_("备注"), max_length=500, required=False)


class ConcludeForm(OwnIds):
    conclusion = words_field(_("结论"), investigations.CONCLUSION_LENGTH, rows=4)
