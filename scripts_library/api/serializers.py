"""Shapes of scripts over HTTP."""

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.versions.api import VERSION_FIELDS, VersionSerializer, VersionWriteSerializer
from core.versions.services import BODY_LIMIT
from customers.models import Shop
from scripts_library.choices import TICKET_TYPES, AngerLevel, ScriptKind
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.steps import MAX_STEP_LENGTH, MAX_STEPS, STEP_KINDS


class StepSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=list(STEP_KINDS.items()))
    text = CleanCharField(max_length=MAX_STEP_LENGTH, multiline=True)


class ScriptVersionWriteSerializer(VersionWriteSerializer):
    """话术正文，可含 {{customer_name}} 等占位符；steps 是“确认 → 说明 → 方案 → 确认”的步骤。"""

    steps = StepSerializer(many=True, required=False, max_length=MAX_STEPS)  # type: ignore[call-arg]


class ScriptVersionSerializer(VersionSerializer):
    write_serializer_class = ScriptVersionWriteSerializer
    steps = StepSerializer(many=True, read_only=True)

    class Meta:
        model = ScriptVersion
        fields = [*VERSION_FIELDS, "steps"]
        read_only_fields = fields


class ScriptSerializer(StrictModelSerializer):
    """话术。`live_version` 是当前使用的版本，没有则为 null。"""

    shop = serializers.SlugRelatedField(slug_field="key", read_only=True, allow_null=True)  # type: ignore[var-annotated]
    ticket_types = serializers.ListField(child=serializers.ChoiceField(choices=TICKET_TYPES), read_only=True)
    owner = PersonSerializer(read_only=True, allow_null=True)
    live_version = ScriptVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = ScriptTemplate
        fields = [
            "id",
            "key",
            "title",
            "kind",
            "topic",
            "anger_level",
            "ticket_types",
            "shop",
            "owner",
            "live_version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class ScriptUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=200)
    kind = serializers.ChoiceField(choices=ScriptKind.choices, required=False)
    topic = CleanCharField(max_length=100, required=False, allow_blank=True)
    anger_level = serializers.ChoiceField(
        choices=AngerLevel.choices,
        required=False,
        allow_null=True,
        help_text=_("安抚阶梯：1 不满、2 愤怒、3 激烈；null 表示不在阶梯上"),
    )
    ticket_types = serializers.ListField(
        child=serializers.ChoiceField(choices=TICKET_TYPES), required=False, max_length=len(TICKET_TYPES)
    )
    shop = serializers.SlugRelatedField(slug_field="key", queryset=Shop.objects.all(), required=False, allow_null=True)
    owner = serializers.PrimaryKeyRelatedField(queryset=get_user_model()._default_manager.all(), required=False)


class ScriptCreateSerializer(ScriptUpdateSerializer):
    """新话术。带 body 时同时建立第一份草稿。"""

    key = CleanCharField(max_length=100)
    body = CleanCharField(max_length=BODY_LIMIT, required=False, multiline=True)


class RenderSerializer(StrictSerializer):
    ticket = CleanCharField(max_length=20, help_text=_("工单的 id 或编号"))


class RenderedSerializer(serializers.Serializer):
    """填好的话术；missing 中的占位符还留在 text 里，填写后才能发送。"""

    text = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField(help_text=_("版本 id，回复时填入 script"))
    number = serializers.IntegerField(help_text=_("版本号"))


class PlaceholderSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
