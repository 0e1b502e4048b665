"""How often tickets were passed on, over HTTP."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.viewsets import ReadViewSet
from tickets.api.filters import KeyFilter
from tickets.choices import CONFIRMED_TRANSFER, TransferState
from tickets.models import Queue, TicketTransfer


class TransferFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=TransferState.choices)
    source = KeyFilter(queryset=Queue.objects.all())
    target = KeyFilter(queryset=Queue.objects.all())
    defect = django_filters.BooleanFilter(method="only_defects", label=_("只看第三次及以后的转接"))

    class Meta:
        model = TicketTransfer
        fields: list[str] = []

    def only_defects(self, rows: Any, name: str, value: bool) -> Any:
        return rows.defects() if value else rows.exclude(number__gte=CONFIRMED_TRANSFER, state=TransferState.DONE)


class TransferSerializer(serializers.ModelSerializer):
    ticket_number = serializers.CharField(source="ticket.number")
    number = serializers.IntegerField(help_text=_("这张工单的第几次转接"))
    source = serializers.CharField(source="source.key")
    target = serializers.CharField(source="target.key")

    class Meta:
        model = TicketTransfer
        fields = (
            "id",
            "ticket",
            "ticket_number",
            "number",
            "source",
            "target",
            "actor",
            "reason",
            "state",
            "confirmed_by",
            "approval",
            "at",
        )


class TransferViewSet(ReadViewSet):
    """转接：每张工单转过几次、谁确认；第三次起是流程缺陷。"""

    queryset = TicketTransfer.objects.select_related("ticket", "source", "target")
    read_serializer_class = TransferSerializer
    filterset_class = TransferFilter
    ordering = ("-at", "-id")
    required_permissions = {
        "list": "tickets.view_tickettransfer",
        "retrieve": "tickets.view_tickettransfer",
    }
