"""How value, risk of leaving and consents of a customer look over HTTP."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import CleanCharField, MomentField
from core.api.serializers import StrictSerializer
from customers.choices import (
    ChurnBand,
    ChurnBasis,
    ConsentChannel,
    ConsentDecision,
    ConsentPurpose,
    Segment,
)
from customers.models import ConsentRecord, Customer, CustomerValue
from customers.services.consents import MAX_EVIDENCE, MAX_VERSION, MAX_WORDING


class ValueSerializer(serializers.Serializer):
    """RFM：R 距上次消费天数，F 与 M 为 365 天内的成交单数与净额。没有消费的客户为 null。"""

    segment = serializers.ChoiceField(Segment.choices, help_text=_("R-F-M，1 为优于均值"))
    segment_name = serializers.CharField(source="get_segment_display")
    score = serializers.CharField(help_text=_("R、F、M 的五分位分，例如 555"))
    recency_days = serializers.IntegerField(source="recency")
    frequency = serializers.IntegerField()
    monetary = serializers.DecimalField(max_digits=20, decimal_places=2)
    orders = serializers.IntegerField(help_text=_("样本：全部成交订单数"))
    base_size = serializers.IntegerField(source="base.size", help_text=_("参与比较的客户数"))
    computed_at = serializers.DateTimeField()


class ChurnSerializer(serializers.Serializer):
    """流失风险：距上次消费天数 ÷ 平均间隔，另加投诉与低分。无从比较时为 null。"""

    ratio = serializers.DecimalField(source="churn_ratio", max_digits=9, decimal_places=2)
    index = serializers.FloatField(source="gone_index", help_text=_("1 − e^(−比值)，是指数，不是流失概率"))
    band = serializers.ChoiceField(ChurnBand.choices, source="churn_band")
    band_name = serializers.CharField(source="get_churn_band_display")
    basis = serializers.ChoiceField(ChurnBasis.choices, source="churn_basis")
    basis_name = serializers.CharField(source="get_churn_basis_display")
    days = serializers.IntegerField(source="recency")
    gap_days = serializers.DecimalField(source="churn_gap", max_digits=10, decimal_places=1)
    gaps = serializers.IntegerField(help_text=_("样本：本人已知的间隔数"))
    open_complaint = serializers.BooleanField(source="has_open_complaint")
    low_score = serializers.BooleanField(source="has_low_score")
    computed_at = serializers.DateTimeField()


def _standing(customer: Customer) -> CustomerValue | None:
    return getattr(customer, "standing_value", None)


def value_of(customer: Customer) -> dict[str, Any] | None:
    """The customer's value, None while there is none to tell."""
    standing = _standing(customer)
    return None if standing is None else dict(ValueSerializer(standing).data)


def churn_of(customer: Customer) -> dict[str, Any] | None:
    """The customer's risk of leaving, None while there is nothing to compare with."""
    standing = _standing(customer)
    return None if standing is None or standing.churn_ratio is None else dict(ChurnSerializer(standing).data)


class ConsentSerializer(serializers.ModelSerializer):
    purpose_name = serializers.CharField(source="get_purpose_display")
    decision_name = serializers.CharField(source="get_decision_display")
    actor = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = ConsentRecord
        fields = [
            "id",
            "purpose",
            "purpose_name",
            "decision",
            "decision_name",
            "channel",
            "is_asked",
            "wording",
            "wording_version",
            "evidence",
            "actor",
            "at",
            "created_at",
        ]
        read_only_fields = fields


class PurposeStateSerializer(serializers.Serializer):
    purpose = serializers.ChoiceField(ConsentPurpose.choices)
    purpose_name = serializers.CharField(source="purpose.label")
    decision = serializers.ChoiceField(ConsentDecision.choices, allow_blank=True, help_text=_("空：客户还没有表示"))
    is_allowed = serializers.BooleanField()
    rests_until = serializers.DateTimeField(allow_null=True, help_text=_("在此之前不得再次询问"))


class ConsentsSerializer(serializers.Serializer):
    """每个用途的现状，和全部表示（新的在前）。"""

    purposes = PurposeStateSerializer(many=True)
    history = ConsentSerializer(many=True)


class ConsentCreateSerializer(StrictSerializer):
    purpose = serializers.ChoiceField(ConsentPurpose.choices)
    decision = serializers.ChoiceField(ConsentDecision.choices)
    channel = serializers.ChoiceField(ConsentChannel.choices)
    is_asked = serializers.BooleanField(required=False, help_text=_("由我方询问；拒绝后的冷静期内不得再次询问。"))
    wording = CleanCharField(
        max_length=MAX_WORDING,
        multiline=True,
        required=False,
        allow_blank=True,
        help_text=_("同意时必填：客户看到的告知内容"),
    )
    wording_version = CleanCharField(max_length=MAX_VERSION, required=False, allow_blank=True)
    evidence = CleanCharField(
        max_length=MAX_EVIDENCE, required=False, allow_blank=True, help_text=_("凭证在哪里，例如录音编号")
    )
    at = MomentField(required=False, help_text=_("客户表示的时间，不晚于现在"))
