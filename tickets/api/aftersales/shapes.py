"""What after-sales requests and refunds look like over HTTP."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.serializers import StrictSerializer
from core.language import mask_text
from core.text import row_id
from customers.models import Order, OrderItem
from tickets.aftersales_choices import (
    ALLOWED,
    AfterSalesKind,
    AfterSalesReason,
    ExperimentKind,
    GoodsCondition,
    GreenOption,
    InspectionResult,
)
from tickets.aftersales_outcomes import effects
from tickets.api.compensations import InputsField
from tickets.compensation import CASES, LARGEST
from tickets.eligibility import REASONS
from tickets.models import AfterSales, Attachment, GoodsInspection, Refund, Ticket
from tickets.services.aftersales import eligibility, flow

BIGGEST_ID = 2**63 - 1
JUDGED_REASONS = [(str(key), gettext_lazy(label)) for key, label in REASONS.items()]
NAME = 100


def money(**kwargs: Any) -> serializers.DecimalField:
    """A sum of yuan in the input."""
    return serializers.DecimalField(
        max_digits=11, decimal_places=2, min_value=Decimal("0.01"), max_value=LARGEST, **kwargs
    )


class EligibilityInputSerializer(StrictSerializer):
    """资格判定的事实。类目用编码或中文名，如 clothing、服装；认不出的类目由人工判定。"""

    category = CleanCharField(max_length=NAME, required=False, allow_blank=True, default="")
    signed_at = MomentField(required=False, allow_null=True, default=None)
    requested_at = MomentField(required=False, allow_null=True, default=None)
    reason = serializers.ChoiceField(choices=JUDGED_REASONS)
    condition = serializers.ChoiceField(choices=GoodsCondition.choices, default=GoodsCondition.UNKNOWN)
    exclusion_confirmed = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text=gettext_lazy("购买时是否单独确认不适用无理由退货")
    )
    made_to_order = serializers.BooleanField(required=False, allow_null=True, default=None)
    promised_days = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=3650,
        help_text=gettext_lazy("店铺承诺的无理由退货天数"),
    )  # fmt: skip
    gift_price = serializers.DecimalField(
        max_digits=11, decimal_places=2, min_value=0, max_value=LARGEST, required=False, allow_null=True, default=None,
        help_text=gettext_lazy("未退回赠品的标明价格"),
    )  # fmt: skip
    has_evidence = serializers.BooleanField(required=False, default=False)
    health_harm = serializers.BooleanField(required=False, default=False)
    certified_unqualified = serializers.BooleanField(required=False, default=False)
    repairs = serializers.IntegerField(required=False, default=0, min_value=0, max_value=1000)
    warranty_until = serializers.DateField(required=False, allow_null=True, default=None)
    order_item = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=BIGGEST_ID,
        help_text=gettext_lazy("订单商品的 id；没有给签收时间时用订单的"),
    )  # fmt: skip

    def validate_order_item(self, value: int | None) -> OrderItem | None:
        if value is None:
            return None
        orders = Order.objects.visible_to(self.context["request"].user)
        found = OrderItem.objects.select_related("order").filter(pk=value, order__in=orders.values("pk")).first()
        if found is None:
            raise serializers.ValidationError(_("没有这件订单商品。"))
        return found


class OptionSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=AfterSalesKind.choices)
    label = serializers.CharField()  # type: ignore[assignment]
    offered = serializers.BooleanField()
    reason = serializers.CharField()


class EligibilitySerializer(serializers.Serializer):
    """判定：结论、依据、理由；options 可以提供的方案，hidden 不能提供的方案与原因。"""

    verdict = serializers.ChoiceField(choices=["eligible", "not_eligible", "needs_evidence", "needs_decision"])
    label = serializers.CharField()  # type: ignore[assignment]
    rule = serializers.CharField()
    reason = serializers.CharField()
    basis = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())
    freight = serializers.CharField()
    burden = serializers.CharField()
    escalate = serializers.BooleanField()
    deadline = serializers.DateTimeField(allow_null=True)
    deduction = serializers.CharField(allow_null=True)
    options = OptionSerializer(many=True)
    hidden = OptionSerializer(many=True)


class ApplySerializer(StrictSerializer):
    """售后申请。方案各有必填项，放在 details：换货 replacement_sku，维修 fault、serial，补差价 paid_unit、now_unit。"""

    ticket = serializers.CharField(max_length=20, help_text=gettext_lazy("工单的 id 或工单号"))
    order = serializers.CharField(max_length=NAME, help_text=gettext_lazy("订单号，或订单的 id"))
    order_item = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=BIGGEST_ID)
    kind = serializers.ChoiceField(choices=AfterSalesKind.choices)
    reason = serializers.ChoiceField(choices=AfterSalesReason.choices)
    quantity = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    category = CleanCharField(max_length=50, required=False, allow_blank=True)
    condition = serializers.ChoiceField(choices=GoodsCondition.choices, required=False)
    details = InputsField(required=False)
    note = CleanCharField(max_length=2000, multiline=True, required=False, allow_blank=True)
    exclusion_confirmed = serializers.BooleanField(required=False, allow_null=True)
    made_to_order = serializers.BooleanField(required=False, allow_null=True)
    promised_days = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=3650)
    gift_price = serializers.DecimalField(
        max_digits=11, decimal_places=2, min_value=0, max_value=LARGEST, required=False, allow_null=True
    )
    has_evidence = serializers.BooleanField(required=False)
    health_harm = serializers.BooleanField(required=False)
    repairs = serializers.IntegerField(
        required=False, min_value=0, max_value=100, help_text=gettext_lazy("在别处修过几次同一故障；本店修过的自动计入")
    )
    requested_at = MomentField(required=False, allow_null=True)
    exception = CleanCharField(max_length=300, required=False, allow_blank=True)
    green = serializers.ChoiceField(
        choices=GreenOption.choices, required=False, allow_blank=True, help_text=gettext_lazy("客户选的环保方式")
    )
    experiment = serializers.ChoiceField(
        choices=ExperimentKind.choices, required=False, allow_blank=True,
        help_text=gettext_lazy("试验中的服务方式：只作记录，不计入服务规范与占比"),
    )  # fmt: skip

    def validate_ticket(self, value: str) -> Ticket:
        return ticket_of(value, self.context["request"].user)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user = self.context["request"].user
        attrs["order"] = order_of(attrs["order"], user)
        item = attrs.get("order_item")
        if item is not None:
            attrs["order_item"] = attrs["order"].items.filter(pk=item).first()
            if attrs["order_item"] is None:
                raise serializers.ValidationError({"order_item": [_("这件商品不在这张订单里。")]})
        return attrs


def ticket_of(value: str, user: Any) -> Ticket:
    """The ticket of that id or number among those one sees."""
    found: Ticket | None = Ticket.objects.visible_to(user).named(value).first()
    if found is None:
        raise serializers.ValidationError(_("没有这张工单。"))
    return found


def order_of(value: str, user: Any) -> Order:
    """The order of that number, else of that id, among those one sees; several of one number need the id."""
    rows = Order.objects.visible_to(user)
    named = list(rows.filter(order_no=value.strip())[:2])
    if len(named) == 1:
        return named[0]
    if not named:
        named = list(rows.filter(pk=row_id(value)))
    if len(named) != 1:
        sentence = _("有几张订单是这个订单号，请用订单 id。") if named else _("没有这张订单。")
        raise serializers.ValidationError({"order": [sentence]})
    return named[0]


class NoteSerializer(StrictSerializer):
    """说明，可留空。"""

    note = CleanCharField(max_length=flow.NOTE_LENGTH, multiline=True, required=False, allow_blank=True, default="")


class GivenReasonSerializer(StrictSerializer):
    """原因，必填。"""

    reason = CleanCharField(max_length=flow.NOTE_LENGTH, multiline=True)


class InspectSerializer(NoteSerializer):
    """验货：结果、照片（已上传附件的 id）、不完好的项目。"""

    result = serializers.ChoiceField(choices=InspectionResult.choices)
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID), allow_empty=True, max_length=20
    )
    checklist = serializers.ListField(child=CleanCharField(max_length=NAME), required=False, max_length=20)

    def validate_photos(self, value: list[int]) -> list[Attachment]:
        user = self.context["request"].user
        found = list(Attachment.objects.filter(pk__in=value, uploader=user, message=None))
        if len(found) != len(set(value)):
            raise serializers.ValidationError(_("有照片不存在，或已经用过。"))
        return found


class DecideSerializer(NoteSerializer):
    """决定：退款填金额；补偿填情形与数据。低于法定下限须由主管填理由。"""

    amount = money(required=False, allow_null=True)
    case = serializers.ChoiceField(
        choices=[(item.id, gettext_lazy(item.title)) for item in CASES.values()], required=False
    )
    inputs = InputsField(required=False)
    override_reason = CleanCharField(max_length=300, required=False, allow_blank=True)


class CompleteSerializer(StrictSerializer):
    """完成：换货、维修填寄出运单号 tracking；维修填结果 repaired。"""

    tracking = CleanCharField(max_length=NAME, required=False, allow_blank=True)
    repaired = CleanCharField(max_length=300, required=False, allow_blank=True)


class FeedbackSerializer(StrictSerializer):
    """告诉客户的内容。"""

    note = CleanCharField(max_length=flow.NOTE_LENGTH, multiline=True)


class EvaluateSerializer(NoteSerializer):
    """客户评价，1 到 5。"""

    rating = serializers.IntegerField(min_value=1, max_value=5)


class SwitchSerializer(StrictSerializer):
    """改方案：新方案、原因、新方案的必填项。"""

    kind = serializers.ChoiceField(choices=AfterSalesKind.choices)
    reason = CleanCharField(max_length=flow.NOTE_LENGTH, multiline=True)
    details = InputsField(required=False)


class InspectionSerializer(serializers.ModelSerializer):
    inspector = PersonSerializer()
    photos = serializers.SerializerMethodField()

    class Meta:
        model = GoodsInspection
        fields = ("result", "checklist", "note", "photos", "inspector", "inspected_at")

    def get_photos(self, row: GoodsInspection) -> list[int]:
        return [photo.pk for photo in row.message.attachments.all()]


class AfterSalesStepSerializer(serializers.Serializer):
    action = serializers.CharField()
    kind = serializers.ChoiceField(choices=AfterSalesKind.choices)
    from_state = serializers.CharField()
    to_state = serializers.CharField()
    details = InputsField()
    note = serializers.CharField()
    actor = PersonSerializer(allow_null=True)
    at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField()


class EffectSerializer(serializers.Serializer):
    what = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)


class RefundSerializer(serializers.ModelSerializer):
    """一笔退款。status：pending 待退款，paid 已退款，failed 失败可再退，reversed 已冲正。"""

    order_no = serializers.CharField(source="order.order_no")
    ticket_number = serializers.CharField(source="ticket.number", allow_null=True, default=None)
    requested_by = PersonSerializer()
    paid_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Refund
        fields = (
            "id", "order", "order_no", "ticket", "ticket_number", "aftersales", "amount", "reason", "status",
            "requested_by", "requested_at", "paid_by", "paid_at", "reference", "failed_at", "failure", "reversed_at",
            "reversal",
        )  # fmt: skip


class AfterSalesSerializer(serializers.ModelSerializer):
    """一张售后单。"""

    ticket_number = serializers.CharField(source="ticket.number")
    order_no = serializers.CharField(source="order.order_no")
    details = InputsField()
    handler = PersonSerializer(allow_null=True)
    applicant = PersonSerializer()
    note = serializers.SerializerMethodField()
    allowed = serializers.SerializerMethodField()

    class Meta:
        model = AfterSales
        fields = (
            "id", "ticket", "ticket_number", "order", "order_no", "order_item", "kind", "reason", "state", "sku",
            "name", "batch", "category", "condition", "quantity", "goods_value", "details", "note", "exception",
            "refusal", "amount", "floor", "rating", "approval", "compensation", "applicant", "handler", "requested_at",
            "accepted_at", "received_at", "decided_at", "finished_at", "due_at", "goods_due_at", "overdue_count",
            "allowed", "green", "experiment",
        )  # fmt: skip

    def get_note(self, row: AfterSales) -> str:
        return mask_text(row.note) if self.context["request"].user.is_auditor else row.note

    def get_allowed(self, row: AfterSales) -> list[str]:
        return [str(action) for action in ALLOWED[row.state]]


class AfterSalesDetailSerializer(AfterSalesSerializer):
    """一张售后单，连同资格判定、验货、退款、账务影响与每一步。"""

    eligibility = serializers.SerializerMethodField()
    inspection = InspectionSerializer(allow_null=True, default=None)
    refunds = RefundSerializer(many=True)
    effects = serializers.SerializerMethodField()
    steps = AfterSalesStepSerializer(many=True)

    class Meta(AfterSalesSerializer.Meta):
        fields = (*AfterSalesSerializer.Meta.fields, "eligibility", "inspection", "refunds", "effects", "steps")  # type: ignore[assignment]

    def get_allowed(self, row: AfterSales) -> list[str]:
        return flow.allowed(row)

    def get_eligibility(self, row: AfterSales) -> dict[str, Any] | None:
        return eligibility.shown(row.eligibility) or None

    def get_effects(self, row: AfterSales) -> list[dict[str, Any]]:
        inspection = getattr(row, "inspection", None)
        found = effects(
            row.kind,
            amount=row.amount,
            goods_value=row.goods_value,
            inspection=inspection.result if inspection else "",
        )
        return EffectSerializer(
            [{"what": item.what, "label": _(item.label), "amount": item.amount} for item in found], many=True
        ).data  # type: ignore[return-value]


class RefundInputSerializer(StrictSerializer):
    """退款：订单、金额、原因；同一订单的退款合计不超过实付。"""

    order = serializers.CharField(max_length=NAME, help_text=gettext_lazy("订单号，或订单的 id"))
    amount = money()
    reason = CleanCharField(max_length=200)
    ticket = serializers.CharField(max_length=20, required=False, allow_null=True, allow_blank=True)

    def validate_ticket(self, value: str | None) -> Ticket | None:
        return ticket_of(value, self.context["request"].user) if value else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "order": order_of(attrs["order"], self.context["request"].user)}


class ReferenceSerializer(StrictSerializer):
    """打款流水号，可留空。"""

    reference = CleanCharField(max_length=NAME, required=False, allow_blank=True, default="")
