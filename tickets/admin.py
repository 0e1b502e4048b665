"""The admin's view of tickets: an entry point that calls the services, not a back door."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin_bases import KeptAdmin, ReadOnlyAdmin, ServiceAdmin, condition_field
from core.conditions import parse
from core.errors import DomainError, InvalidInput
from tickets import abuse_admin as abuse_admin  # likewise
from tickets import aftersales_admin as aftersales_admin  # likewise
from tickets import appointment_admin as appointment_admin  # likewise
from tickets import channel_admin, desk_admin, platform_admin, relation_admin  # noqa: F401 (register their pages)
from tickets import chat_admin as chat_admin  # registers its own pages
from tickets import grading_admin as grading_admin  # likewise
from tickets import ledger_admin as ledger_admin  # likewise
from tickets import legal_admin as legal_admin  # likewise
from tickets import negotiation_admin as negotiation_admin  # likewise
from tickets import offline_admin as offline_admin  # likewise
from tickets import outcome_admin as outcome_admin  # likewise
from tickets import publicity_admin as publicity_admin  # likewise
from tickets import room_admin as room_admin  # likewise
from tickets import safety_admin as safety_admin  # likewise
from tickets.choices import Priority
from tickets.models import (
    Attachment,
    Compensation,
    ContactAttempt,
    InboundMessage,
    Mailbox,
    NormBreach,
    Queue,
    RoutingRule,
    SLAClock,
    SLAPolicy,
    SLATarget,
    StageNorm,
    Ticket,
    TicketMerge,
    TicketMessage,
    TicketPause,
    TicketTag,
    TicketWatcher,
)
from tickets.models.norm import CLOCKED_STAGES
from tickets.services import arriving, rules, transitions
from tickets.services.facts import TICKET_FIELDS
from tickets.services.mailboxes import configuring as configuring_mail
from tickets.services.norms import breaches, configuring
from tickets.services.norms.facts import NORM_FIELDS
from tickets.triage.models import TriageModel


class ConditionForm(forms.ModelForm):
    """A form with a rule about tickets."""

    condition = condition_field(TICKET_FIELDS, label=_("条件"))


class ClockInline(TabularInline):
    model = SLAClock
    fields = readonly_fields = ("metric", "cycle", "started_at", "seconds", "due_at", "met_at", "breached_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Ticket)
class TicketAdmin(KeptAdmin):
    list_display = ("number", "subject", "type", "status", "priority", "queue", "assignee", "next_due_at", "created_at")
    list_filter = ("status", "type", "priority", "queue", "channel")
    list_select_related = ("queue", "assignee")
    list_per_page = 50
    search_fields = ("number", "order_no")
    ordering = ("-created_at", "-id")
    inlines = (ClockInline,)
    actions = ("release_to_queue",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        return super().get_queryset(request).defer("search")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Everything: a ticket changes through its verbs in the workbench or the API.
        return [field.name for field in Ticket._meta.fields if field.name not in {"search", "duplicate_digest"}]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.get_readonly_fields(request, obj) if name not in {"id", "row_key"}]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("退回队列"), permissions=["change"])
    def release_to_queue(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        done = 0
        for ticket in queryset[:100]:
            try:
                transitions.release(ticket=ticket, actor=request.user, reason=str(_("在管理后台退回")))
                done += 1
            except DomainError as error:
                self.message_user(request, f"{ticket.number}：{error}", messages.WARNING)
        self.message_user(request, _("已退回 %(n)d 张工单。") % {"n": done})


@admin.register(TicketMessage)
class TicketMessageAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("id", "ticket", "kind", "author", "created_at")
    list_filter = ("kind",)
    list_select_related = ("ticket", "author")
    fields = ("ticket", "kind", "author", "script_version", "channel", "created_at")
    raw_id_fields = ("ticket",)


@admin.register(InboundMessage)
class InboundMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "channel_key", "external_id", "state", "error", "received_at")
    list_filter = ("state",)
    fields = ("channel_key", "external_id", "state", "error", "actor", "received_at")
    actions = ("process_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        """Messages of tickets the person may see, and those that no ticket was made of."""
        visible = Ticket.objects.visible_to(request.user)
        return InboundMessage.objects.filter(Q(ticket=None) | Q(ticket__in=visible.values("pk")))

    def has_process_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.add_ticket")

    @admin.action(description=_("重新受理"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> None:
        done = 0
        for row in queryset.filter(ticket=None)[:100]:
            try:
                done += arriving.take_again(row)
            except DomainError as error:
                self.message_user(request, f"#{row.pk}：{error}", messages.WARNING)
        self.message_user(request, _("已受理 %(n)d 条消息。") % {"n": done})


@admin.register(Queue)
class QueueAdmin(KeptAdmin):
    list_display = ("name", "key", "position", "is_default")
    fields = ("name", "key", "description", "position", "is_default")
    search_fields = ("name", "key")

    def save_model(self, request: HttpRequest, obj: Queue, form: Any, change: bool) -> None:
        rules.save_queue(queue=obj, actor=request.user)


class MailboxForm(forms.ModelForm):
    """The stored password is never shown; an empty field keeps it."""

    secret = forms.CharField(
        label=_("密码或授权码"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("留空则不改变已保存的密码。"),
    )

    class Meta:
        model = Mailbox
        fields = (
            "channel", "address", "username", "imap_host", "imap_port", "imap_security", "folder",
            "smtp_host", "smtp_port", "smtp_security", "is_active",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                configuring_mail.check_mailbox(Mailbox(**{k: v for k, v in values.items() if k != "secret"}))
            except InvalidInput as refused:
                raise forms.ValidationError(refused.fields) from refused
        return values


@admin.register(Mailbox)
class MailboxAdmin(KeptAdmin):
    form = MailboxForm
    list_display = ("address", "channel", "is_active", "checked_at", "failures", "last_error")
    list_select_related = ("channel",)
    readonly_fields = ("checked_at", "next_at", "failures", "last_error")
    fields = ("channel", "address", "username", "secret", *MailboxForm.Meta.fields[3:], *readonly_fields)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        configuring_mail.save_mailbox(mailbox=obj, actor=request.user, password=form.cleaned_data["secret"])


class RoutingForm(ConditionForm):
    priority = forms.ChoiceField(
        label=_("优先级"),
        choices=[("", _("不改变")), *Priority.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(RoutingRule)
class RoutingRuleAdmin(ServiceAdmin):
    form = RoutingForm
    list_display = ("position", "name", "reads_as", "queue", "priority", "is_active")
    list_display_links = ("name",)
    list_select_related = ("queue",)
    fields = ("name", "position", "condition", "queue", "priority", "is_active")
    actions = ("dry_run",)

    @admin.display(description=_("条件"))
    def reads_as(self, rule: RoutingRule) -> str:
        return parse(rule.condition, TICKET_FIELDS).sentence()

    def save_model(self, request: HttpRequest, obj: RoutingRule, form: Any, change: bool) -> None:
        rules.save_rule(rule=obj, actor=request.user, values={})

    @admin.action(description=_("试运行：最近的工单里有多少匹配"), permissions=["view"])
    def dry_run(self, request: HttpRequest, queryset: QuerySet[RoutingRule]) -> None:
        for rule in queryset[:10]:
            found = rules.preview(condition=rule.condition, user=request.user)
            text = _("%(name)s：最近 %(looked)d 张工单中 %(n)d 张匹配。")
            self.message_user(request, text % {"name": rule.name, "looked": found["looked_at"], "n": found["matches"]})


class TargetInline(TabularInline):
    model = SLATarget
    fields = ("priority", "metric", "seconds", "warn_at")
    extra = 0


@admin.register(SLAPolicy)
class SLAPolicyAdmin(KeptAdmin):
    form = ConditionForm
    list_display = ("position", "name", "calendar", "version", "is_active")
    list_display_links = ("name",)
    list_select_related = ("calendar",)
    fields = ("name", "position", "condition", "calendar", "is_active")
    inlines = (TargetInline,)

    def save_model(self, request: HttpRequest, obj: SLAPolicy, form: Any, change: bool) -> None:
        rules.save_policy(policy=obj, actor=request.user, values={})


@admin.register(SLAClock)
class SLAClockAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("ticket", "metric", "cycle", "due_at", "met_at", "breached_at")
    list_filter = ("metric",)
    list_select_related = ("ticket",)


class NormForm(forms.ModelForm):
    """Whom a norm is for, and what it asks."""

    scope = condition_field(TICKET_FIELDS, label=_("适用工单"), help_text=_("没有条件时适用于全部工单。"))
    requirement = condition_field(
        NORM_FIELDS, label=_("达标条件"), help_text=_("阶段结束时自动检查；没有条件时只由人工评判。")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("seconds") and data.get("stage") in CLOCKED_STAGES:
            self.add_error("seconds", configuring.TIME_IS_SET_ELSEWHERE)
        return data


@admin.register(StageNorm)
class StageNormAdmin(KeptAdmin):
    form = NormForm
    list_display = ("name", "stage", "reads_as", "seconds", "is_active")
    list_filter = ("stage", "is_active")
    fields = ("name", "stage", "standard", "scope", "requirement", "seconds", "is_active")
    actions = ("dry_run",)

    @admin.display(description=_("达标条件"))
    def reads_as(self, norm: StageNorm) -> str:
        return parse(norm.requirement, NORM_FIELDS).sentence() if norm.requirement else str(_("人工评判"))

    def save_model(self, request: HttpRequest, obj: StageNorm, form: Any, change: bool) -> None:
        configuring.save_norm(norm=obj, actor=request.user, values={})

    @admin.action(description=_("试运行：最近的工单里有多少不达标"), permissions=["view"])
    def dry_run(self, request: HttpRequest, queryset: QuerySet[StageNorm]) -> None:
        for norm in queryset[:10]:
            rules_of = {"stage": norm.stage, "scope": norm.scope, "requirement": norm.requirement}
            found = configuring.preview(user=request.user, **rules_of)
            text = _("%(name)s：最近 %(looked)d 张适用工单中 %(n)d 张不达标。")
            self.message_user(request, text % {"name": norm.name, "looked": found["looked_at"], "n": found["breaches"]})


@admin.register(NormBreach)
class NormBreachAdmin(ReadOnlyAdmin):
    list_display = ("at", "ticket", "stage", "kind", "title", "assignee", "withdrawn_at")
    list_filter = ("stage", "kind", "source")
    list_select_related = ("ticket", "norm", "sla_clock", "aftersales", "assignee")
    actions = ("withdraw",)

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.judge_normbreach")

    @admin.action(description=_("撤销（不再计入）"), permissions=["judge"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[NormBreach]) -> None:
        for breach in queryset[:100]:
            try:
                breaches.withdraw(breach=breach, actor=request.user, reason=str(_("在管理后台撤销")))
            except DomainError as error:
                self.message_user(request, f"#{breach.pk}：{error}", messages.WARNING)


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    list_display = ("name", "size", "content_type", "uploader", "created_at")
    list_select_related = ("uploader",)
    fields = ("name", "size", "content_type", "sha256", "uploader", "created_at")


@admin.register(ContactAttempt, TicketPause, TicketTag, TicketWatcher)
class TicketRecordAdmin(ReadOnlyAdmin):
    seen_through = ("ticket",)
    list_display = ("__str__", "ticket")


@admin.register(TicketMerge)
class TicketMergeAdmin(ReadOnlyAdmin):
    seen_through = ("source", "target")
    list_display = ("source", "target", "actor", "merged_at", "undone_at")
    list_select_related = ("source", "target", "actor")


@admin.register(TriageModel)
class TriageModelAdmin(ReadOnlyAdmin):
    """What was trained when, and how well it judges. Training is a command."""

    list_display = ("id", "created_at", "created_by", "row_count", "is_live")
    list_select_related = ("created_by",)
    fields = ("created_at", "created_by", "row_count", "metrics", "labels", "is_live")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriageModel]:
        return TriageModel.objects.without_artefact()


@admin.register(Compensation)
class CompensationAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "case", "amount", "floor", "form", "status", "granted_by", "granted_at", "paid_at"]
    list_filter = ["status", "case", "form"]
    list_select_related = ["ticket", "granted_by"]
    search_fields = ["=ticket__number"]
