from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import ReadViewSet
from crm.integrations.api.serializers import WebhookCreated, WebhookInput, WebhookOutput
from crm.integrations.models import Webhook
from crm.integrations.services import create_webhook, delete_webhook
from crm.staff.models import User

WEBHOOK_EXAMPLE = example(
    "新工单与超时",
    {"url": "https://erp.example.com/kean", "events": ["ticket.created", "sla.breached"]},
    request_only=True,
)


class WebhookViewSet(ReadViewSet):
    """Addresses that are told of events."""

    model = Webhook
    serializer_class = WebhookInput
    read_serializer_class = WebhookOutput
    required_permissions = {
        "list": "integrations.view_webhook",
        "retrieve": "integrations.view_webhook",
        "create": "integrations.add_webhook",
        "destroy": "integrations.delete_webhook",
    }

    @extend_schema(responses={201: WebhookCreated}, examples=[WEBHOOK_EXAMPLE])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register an address. The answer is the only one that shows the secret."""
        webhook, _secret = create_webhook(actor=cast(User, request.user), **self.validated())
        shown = WebhookCreated(webhook, context=self.get_serializer_context())
        return Response(shown.data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        delete_webhook(webhook=self.get_object(), actor=cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)
