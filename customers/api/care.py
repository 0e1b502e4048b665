"""How notes of preferences and of what not to say look over HTTP."""

from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.serializers import StrictSerializer
from customers.choices import CareKind
from customers.models import CareNote
from customers.services.care import MAX_TEXT


class CareNoteSerializer(serializers.ModelSerializer):
    """偏好或忌讳，谁在何时登记。"""

    kind_name = serializers.CharField(source="get_kind_display")
    author = serializers.CharField(source="author.username", allow_null=True, default=None)

    class Meta:
        model = CareNote
        fields = ["id", "kind", "kind_name", "text", "author", "created_at"]
        read_only_fields = fields


class CareNotesSerializer(serializers.Serializer):
    results = CareNoteSerializer(many=True)


class CareNoteCreateSerializer(StrictSerializer):
    kind = serializers.ChoiceField(CareKind.choices)
    text = CleanCharField(max_length=MAX_TEXT)
