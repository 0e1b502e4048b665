from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.outbound import LONGEST_URL
from crm.integrations.catalogue import EVENT_NAMES
from crm.integrations.models import Webhook


class WebhookInput(StrictSerializer):
    url = CleanCharField(max_length=LONGEST_URL)
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENT_NAMES), allow_empty=False, max_length=50)


class WebhookOutput(StrictModelSerializer):
    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "created_at", "last_success_at", "failing_since", "disabled_at"]
        read_only_fields = fields


class WebhookCreated(WebhookOutput):
    """Shown once: the secret with which the receiver checks signatures."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookOutput.Meta):
        fields = [*WebhookOutput.Meta.fields, "secret"]
        read_only_fields = fields
