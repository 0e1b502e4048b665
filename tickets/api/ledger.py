"""/api/v1/ledger-entries/, /api/v1/ledger-checks/"""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.events import Event
from tickets.ledger import checking
from tickets.models import LedgerCheck, LedgerEntry
from tickets.models.ledger import CheckScope, CheckState


class LedgerListSerializer(serializers.ListSerializer):
    """A page of entries with their events, read at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        context: Any = self.child.context  # type: ignore[union-attr]
        context["events"] = Event.objects.in_bulk([row.event_id for row in rows])
        return super().to_representation(rows)


class LedgerEntrySerializer(serializers.ModelSerializer):
    """台账的一笔：事件与它的指纹。事件被删除时 kind 为空。"""

    kind = serializers.SerializerMethodField()
    at = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()
    number = serializers.IntegerField(source="id")
    mark = serializers.CharField()

    class Meta:
        model = LedgerEntry
        list_serializer_class = LedgerListSerializer
        fields = ("number", "event_id", "ticket", "kind", "at", "amount", "mark")

    def _event(self, entry: LedgerEntry) -> Event | None:
        known = self.context.setdefault("events", {})
        if entry.event_id not in known:
            known[entry.event_id] = Event.objects.filter(pk=entry.event_id).first()
        found: Event | None = known[entry.event_id]
        return found

    def get_kind(self, entry: LedgerEntry) -> str:
        event = self._event(entry)
        return event.kind if event else ""

    def get_at(self, entry: LedgerEntry) -> str | None:
        event = self._event(entry)
        return event.at.isoformat() if event else None

    def get_amount(self, entry: LedgerEntry) -> str | None:
        event = self._event(entry)
        return str(event.payload["amount"]) if event and event.payload.get("amount") else None


class LedgerEntryFilter(django_filters.FilterSet):
    ticket = django_filters.NumberFilter(field_name="ticket_id", min_value=1, max_value=2**63 - 1, decimal_places=0)

    class Meta:
        model = LedgerEntry
        fields: list[str] = []


class LedgerEntryViewSet(ReadViewSet):
    """售后台账：申请、验货、决定、退款、补偿的事件，逐笔以指纹相连，只增不改。"""

    model = LedgerEntry
    read_serializer_class = LedgerEntrySerializer
    filterset_class = LedgerEntryFilter
    required_permissions = {"list": "tickets.view_ledgerentry", "retrieve": "tickets.view_ledgerentry"}


class LedgerCheckSerializer(serializers.ModelSerializer):
    """一次核验。broken 时 fault 说明问题，broken_number、broken_event 指出第一处。"""

    started_by = PersonSerializer(allow_null=True)
    fault = serializers.CharField()
    finding = serializers.CharField()
    mark = serializers.CharField()

    class Meta:
        model = LedgerCheck
        fields = (
            "id", "scope", "state", "position", "checked", "mark", "fault", "broken_number", "broken_event", "finding",
            "started_by", "started_at", "finished_at",
        )  # fmt: skip


class LedgerCheckInputSerializer(StrictSerializer):
    """all 核验全部；new 只核验上次完好的核验以后的。"""

    scope = serializers.ChoiceField(choices=CheckScope.choices, required=False, default=CheckScope.ALL)


class LedgerCheckFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=CheckState.choices)

    class Meta:
        model = LedgerCheck
        fields: list[str] = []


@extend_schema_view(
    create=extend_schema(
        request=LedgerCheckInputSerializer,
        responses={201: LedgerCheckSerializer},
        examples=[example("核验全部", {"scope": "all"}, request_only=True)],
    )
)
class LedgerCheckViewSet(CreateMixin, ReadViewSet):
    """核验台账，由后台分段进行；已有在进行的，答那一次。"""

    queryset = LedgerCheck.objects.select_related("started_by")
    serializer_class = LedgerCheckInputSerializer
    read_serializer_class = LedgerCheckSerializer
    filterset_class = LedgerCheckFilter
    required_permissions = {
        "list": "tickets.view_ledgerentry",
        "retrieve": "tickets.view_ledgerentry",
        "create": "tickets.add_ledgercheck",
    }

    def create_instance(self, serializer: Any) -> LedgerCheck:
        return checking.begin(actor=self.request.user, scope=serializer.validated_data["scope"])  # type: ignore[arg-type]
