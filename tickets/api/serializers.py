"""How tickets look to other systems, and what they may send."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import CleanCharField, MomentField
from core.api.serializers import StrictSerializer
from core.privacy import masks
from customers.normalisation import check_email, check_phone
from tickets.choices import (
    Action,
    Cause,
    Confirmation,
    MessageKind,
    Metric,
    Priority,
    Severity,
    Stage,
    TicketStatus,
    TicketType,
)
from tickets.models import ContactAttempt, Ticket, TicketMessage
from tickets.services.safety import claims

NAME, SUBJECT, BODY, REASON = 100, 200, 20_000, 500
#: What may be written; automatic messages write themselves.
SENT_KINDS = [(kind.value, kind.label) for kind in (MessageKind.REPLY, MessageKind.NOTE, MessageKind.CUSTOMER)]


class CustomerGivenSerializer(StrictSerializer):
    name = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    phone = CleanCharField(max_length=30, required=False, allow_blank=True)
    email = CleanCharField(max_length=254, required=False, allow_blank=True)
    external_ids = serializers.DictField(
        child=CleanCharField(max_length=200), required=False, help_text=_('平台到账号，如 {"taobao": "tb_88"}。')
    )

    def validate_phone(self, value: str) -> str:
        return check_phone(value) if value else ""

    def validate_email(self, value: str) -> str:
        return check_email(value) if value else ""

    def validate_external_ids(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > 10:
            raise serializers.ValidationError(_("最多 10 个平台账号。"))
        if any(not key or len(key) > 50 or "\0" in key for key in value):
            raise serializers.ValidationError(_("平台名须为 1 到 50 个字符。"))
        return value


class TicketCreateSerializer(StrictSerializer):
    channel = CleanCharField(max_length=NAME)
    external_id = CleanCharField(max_length=200, required=False, allow_blank=True)
    type = serializers.ChoiceField(TicketType.choices, required=False)
    category = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    subject = CleanCharField(max_length=SUBJECT, required=False, allow_blank=True)
    body = CleanCharField(max_length=BODY, multiline=True)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    shop = CleanCharField(max_length=NAME, required=False, allow_blank=True, allow_null=True)
    product = CleanCharField(max_length=NAME, required=False, allow_blank=True, help_text=_("商品编码"))
    batch = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    customer = CustomerGivenSerializer(required=False)
    order_no = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    occurred_at = MomentField(required=False)
    late_reason = CleanCharField(max_length=REASON, required=False, allow_blank=True)
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=20
    )


class TicketUpdateSerializer(StrictSerializer):
    subject = CleanCharField(max_length=SUBJECT, required=False, allow_blank=True)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    type = serializers.ChoiceField(TicketType.choices, required=False)
    category = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    causes = serializers.ListField(
        child=serializers.ChoiceField(Cause.choices),
        required=False,
        max_length=len(Cause),
        help_text=_("投诉原因，可多选"),
    )
    shop = CleanCharField(max_length=NAME, required=False, allow_blank=True, allow_null=True)
    product = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    batch = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    order_no = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    tags = serializers.ListField(child=CleanCharField(max_length=50), required=False, max_length=50)
    updated_at = MomentField(required=False, help_text=_("您看到的更新时间；其间被他人修改则返回 409。"))


class CustomerShownSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    phone = serializers.CharField(help_text=_("脱敏"))
    email = serializers.CharField(help_text=_("脱敏"))
    important = serializers.BooleanField()


class BreachSerializer(serializers.Serializer):
    metric = serializers.ChoiceField(Metric.choices)
    at = serializers.DateTimeField()


class TicketSerializer(serializers.Serializer):
    """A ticket as the contract shows it."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    type = serializers.ChoiceField(TicketType.choices)
    status = serializers.ChoiceField(TicketStatus.choices)
    stage = serializers.ChoiceField(Stage.choices)
    priority = serializers.ChoiceField(Priority.choices)
    channel = serializers.CharField()
    channel_given = serializers.CharField()
    external_id = serializers.CharField()
    shop = serializers.CharField(allow_null=True)
    shop_given = serializers.CharField()
    product = serializers.CharField()
    batch = serializers.CharField()
    order_no = serializers.CharField()
    subject = serializers.CharField()
    category = serializers.CharField()
    category_confidence = serializers.FloatField(allow_null=True)
    complaint = serializers.FloatField(allow_null=True)
    urgent = serializers.FloatField(allow_null=True)
    negative = serializers.FloatField(allow_null=True)
    severity = serializers.ChoiceField(Severity.choices)
    triage_terms = serializers.ListField(child=serializers.CharField())
    causes = serializers.ListField(child=serializers.ChoiceField(Cause.choices))
    needs_human_triage = serializers.BooleanField()
    customer = CustomerShownSerializer()
    queue = serializers.CharField()
    assignee = serializers.IntegerField(allow_null=True)
    sla_policy = serializers.IntegerField(allow_null=True)
    first_response_due_at = serializers.DateTimeField(allow_null=True)
    next_response_due_at = serializers.DateTimeField(allow_null=True)
    resolution_due_at = serializers.DateTimeField(allow_null=True)
    first_responded_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    solved_at = serializers.DateTimeField(allow_null=True)
    feedback_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    breaches = BreachSerializer(many=True)
    tags = serializers.ListField(child=serializers.CharField())
    possible_duplicate_of = serializers.IntegerField(allow_null=True)
    merged_into = serializers.IntegerField(allow_null=True)
    snoozed_at = serializers.DateTimeField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    occurred_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    _PLAIN = [
        "id",
        "number",
        "type",
        "status",
        "stage",
        "priority",
        "channel_given",
        "external_id",
        "shop_given",
        "product",
        "batch",
        "order_no",
        "subject",
        "category",
        "category_confidence",
        "complaint",
        "urgent",
        "negative",
        "severity",
        "triage_terms",
        "causes",
        "needs_human_triage",
        "first_response_due_at",
        "next_response_due_at",
        "resolution_due_at",
        "first_responded_at",
        "accepted_at",
        "solved_at",
        "feedback_at",
        "closed_at",
        "snoozed_at",
        "snoozed_until",
        "created_at",
        "occurred_at",
        "updated_at",
    ]

    def to_representation(self, ticket: Ticket) -> dict[str, Any]:
        # Written out, because a list of tickets spends most of its time here.
        shown = {name: getattr(ticket, name) for name in self._PLAIN}
        customer = ticket.customer
        is_new = self.context.get("is_new", False)  # has neither a breach nor a tag: nothing to ask for
        shown.update(
            channel=ticket.channel.key,
            shop=ticket.shop.key if ticket.shop_id and ticket.shop else None,
            customer={
                "id": customer.pk,
                "name": customer.name,
                "phone": masks.mask_phone(customer.phone) if customer.phone else "",
                "email": masks.mask_email(customer.email) if customer.email else "",
                "important": customer.is_important_now(),
            },
            queue=ticket.queue.key,
            assignee=ticket.assignee_id,
            sla_policy=ticket.sla_policy_id,
            breaches=[] if is_new else [row.as_breach() for row in ticket.clocks.all() if row.breached_at],
            tags=[] if is_new else [tag.name for tag in ticket.tags.all()],
            possible_duplicate_of=ticket.possible_duplicate_of_id,
            merged_into=ticket.merged_into_id,
        )
        return shown


class AttachmentSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    content_type = serializers.CharField()
    sha256 = serializers.CharField()


class AttachmentUploadSerializer(StrictSerializer):
    file = serializers.FileField(max_length=255)


class AuthorSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class MessageSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(MessageKind.choices)
    body = serializers.CharField()
    author = AuthorSerializer(allow_null=True)
    script = serializers.IntegerField(source="script_version_id", allow_null=True)
    attachments = AttachmentSerializer(many=True)
    created_at = serializers.DateTimeField()
    undelivered_at = serializers.DateTimeField(allow_null=True)
    undelivered_reason = serializers.CharField()
    channel = serializers.CharField(allow_null=True, help_text=_("客户消息从哪个渠道来；其余为空"))
    asked_again = serializers.IntegerField(help_text=_("回复中重复询问了几项客户已提供的信息"))

    def to_representation(self, message: TicketMessage) -> dict[str, Any]:
        author = message.author
        body = message.body
        if self.context.get("mask"):
            body = self.context["mask"](body)
        return {
            "id": message.pk,
            "kind": message.kind,
            "body": body,
            "author": {"id": author.pk, "name": author.name} if author else None,
            "script": message.script_version_id,
            "attachments": AttachmentSerializer(message.attachments.all(), many=True).data,
            "created_at": message.created_at,
            "undelivered_at": message.undelivered_at,
            "undelivered_reason": message.undelivered_reason,
            "channel": message.channel.key if message.channel else None,
            "asked_again": message.asked_again,
        }


class SafetyConfirmationSerializer(StrictSerializer):
    """回复承诺安全时，对照的安全资料版本；没有资料时由主管写理由。"""

    safety_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("对照过的安全资料版本 id，见 409 回答的 sheets"),
    )
    safety_reason = CleanCharField(
        max_length=claims.REASON_LENGTH,
        required=False,
        allow_blank=True,
        help_text=_("没有安全资料时承诺的理由（主管）"),
    )


def taken_confirmation(data: dict[str, Any]) -> claims.Confirmation:
    """The confirmation out of checked input."""
    return claims.Confirmation(data.pop("safety_version", None), data.pop("safety_reason", ""))


class MessageCreateSerializer(SafetyConfirmationSerializer):
    """一条消息：回复、内部备注或客户消息。"""

    kind = serializers.ChoiceField(SENT_KINDS)
    body = CleanCharField(max_length=BODY, multiline=True, allow_blank=True, default="")
    script = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
    external_id = CleanCharField(max_length=200, required=False, allow_blank=True)
    channel = CleanCharField(
        max_length=NAME, required=False, help_text=_("只用于客户消息：从哪个渠道来，缺省为工单的渠道")
    )
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=20
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("channel") and attrs["kind"] != MessageKind.CUSTOMER:
            raise serializers.ValidationError({"channel": [_("只有客户消息可以指定渠道。")]})
        return attrs


class TransitionSerializer(StrictSerializer):
    action = serializers.ChoiceField(Action.choices)
    assignee = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
    queue = CleanCharField(max_length=NAME, required=False, help_text=_("队列的代号、编号或名称"))
    reason = CleanCharField(max_length=REASON, required=False, allow_blank=True, multiline=True, default="")
    confirmation = serializers.ChoiceField(
        [Confirmation.CUSTOMER, Confirmation.UNREACHABLE, Confirmation.TIMEOUT], default=Confirmation.CUSTOMER
    )


class MergeSerializer(StrictSerializer):
    into = CleanCharField(max_length=20, help_text=_("保留工单的编号"))


class UnmergeSerializer(StrictSerializer):
    merge = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class MergeShownSerializer(serializers.Serializer):
    merge = serializers.IntegerField(source="pk")


class EventSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    actor = AuthorSerializer(allow_null=True)
    at = serializers.DateTimeField()
    data = serializers.DictField(source="payload")

    def to_representation(self, event: Any) -> dict[str, Any]:
        actor = event.actor
        return {
            "id": event.pk,
            "kind": event.kind,
            "actor": {"id": actor.pk, "name": actor.name} if actor else None,
            "at": event.at,
            "data": event.payload,
        }


class ContactAttemptSerializer(StrictSerializer):
    outcome = serializers.ChoiceField(ContactAttempt.Outcome.choices)
    note = CleanCharField(max_length=REASON, required=False, allow_blank=True, default="")


class ContactAttemptShownSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(ContactAttempt.Outcome.choices)
    note = serializers.CharField()
    attempted_at = serializers.DateTimeField()


class SuggestionScriptSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="script_id")
    version = serializers.IntegerField(source="version_id")
    key = serializers.CharField()
    title = serializers.CharField()
    preview = serializers.CharField()


class SuggestionArticleSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="article_id")
    key = serializers.CharField()
    title = serializers.CharField()
    preview = serializers.CharField()


class SimilarSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(TicketStatus.choices)


class AngerSerializer(serializers.Serializer):
    level = serializers.IntegerField(help_text=_("0 平静、1 不满、2 愤怒、3 激烈"))
    label = serializers.CharField()
    terms = serializers.ListField(child=serializers.CharField())
    advice = serializers.ListField(child=serializers.CharField())


class SuggestionsSerializer(serializers.Serializer):
    scripts = SuggestionScriptSerializer(many=True)
    articles = SuggestionArticleSerializer(many=True)
    similar = SimilarSerializer(many=True)
    strategy = serializers.DictField(help_text=_("严重程度、情绪与建议的沟通顺序"))
    anger = AngerSerializer(help_text=_("客户最后一条消息的情绪等级"))
    ladder = SuggestionScriptSerializer(many=True, help_text=_("安抚阶梯上该等级的话术"))
