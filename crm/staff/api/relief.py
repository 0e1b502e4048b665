"""/api/v1/relief-requests/, /api/v1/wellbeing/ (G18)"""

from datetime import timedelta
from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.api.fields import CleanCharField
from core.api.filters import refuse_unknown_parameters
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet
from core.errors import InvalidInput
from crm.staff.choices import Availability, ReliefState
from crm.staff.models import ReliefRequest
from crm.staff.person import person_of
from crm.staff.services import relief, wellbeing
from tickets.models import Ticket

LONGEST_DAYS = 400


class ReliefInputSerializer(StrictSerializer):
    """请求换人：自己负责的工单太难应对时，请主管换人。"""

    ticket = CleanCharField(max_length=20, help_text=lazy("工单的 id 或工单号"))
    note = CleanCharField(max_length=relief.NOTE_LENGTH, multiline=True, required=False, allow_blank=True, default="")

    def validate_ticket(self, value: str) -> Ticket:
        found = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found  # type: ignore[no-any-return]


class ReliefGrantSerializer(StrictSerializer):
    """换人：请求人进入所选状态，会话交给他人。"""

    availability = serializers.ChoiceField(
        choices=[(value, Availability(value).label) for value in relief.STATES_AFTER],
        required=False,
        default=Availability.BREAK,
    )
    reason = CleanCharField(max_length=relief.REASON_LENGTH, required=False, allow_blank=True, default="")


class ReliefDeclineSerializer(StrictSerializer):
    reason = CleanCharField(max_length=relief.REASON_LENGTH)


class ReliefRequestSerializer(serializers.ModelSerializer):
    """一个请求；anger_level 是请求时客户最后一条消息的情绪等级（0 平静 – 3 激烈）。"""

    ticket_number = serializers.CharField(source="ticket.number")
    person = PersonSerializer()
    decided_by = PersonSerializer(allow_null=True)
    handed_to = PersonSerializer(allow_null=True)
    note = serializers.CharField()

    class Meta:
        model = ReliefRequest
        fields = (
            "id", "ticket", "ticket_number", "person", "anger_level", "note", "state", "created_at", "decided_by",
            "decided_at", "reason", "handed_to", "availability",
        )  # fmt: skip


class ReliefFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=ReliefState.choices)

    class Meta:
        model = ReliefRequest
        fields: list[str] = []


class ReliefViewSet(CreateMixin, ReadViewSet):
    """换人请求：只有本人和直属主管能看到。"""

    queryset = ReliefRequest.objects.select_related("ticket", "person", "decided_by", "handed_to").defer(
        "ticket__search"
    )
    serializer_class = ReliefInputSerializer
    read_serializer_class = ReliefRequestSerializer
    serializer_classes = {"grant": ReliefGrantSerializer, "decline": ReliefDeclineSerializer}
    filterset_class = ReliefFilter
    required_permissions = {
        "list": "tickets.view_ticket",
        "retrieve": "tickets.view_ticket",
        "create": "staff.ask_relief",
        "withdraw": "staff.ask_relief",
        "grant": "staff.grant_relief",
        "decline": "staff.grant_relief",
    }

    @extend_schema(
        request=ReliefInputSerializer,
        responses={201: ReliefRequestSerializer},
        examples=[example("请求换人", {"ticket": "26112100012345", "note": "连续辱骂"}, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """请求换人，主管立即收到提醒。"""
        return super().create(request, *args, **kwargs)

    def create_instance(self, serializer: Any) -> ReliefRequest:
        return relief.ask_relief(actor=person_of(self.request), **serializer.validated_data)

    @extend_schema(
        request=ReliefGrantSerializer,
        responses=ReliefRequestSerializer,
        examples=[example("换人", {"availability": "break"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def grant(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """主管同意换人：会话交给负载最小的同事，没有人时退回队列。"""
        found = self.get_object()
        return self.shown(relief.grant_relief(request=found, actor=person_of(request), **self.validated()))

    @extend_schema(
        request=ReliefDeclineSerializer,
        responses=ReliefRequestSerializer,
        examples=[example("暂不换人", {"reason": "我马上加入会话"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """主管暂不换人，须说明理由。"""
        found = self.get_object()
        return self.shown(relief.decline_relief(request=found, actor=person_of(request), **self.validated()))

    @extend_schema(request=None, responses=ReliefRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """请求人撤回。"""
        self.nothing_given()
        return self.shown(relief.withdraw_relief(request=self.get_object(), actor=person_of(request)))


class StrainSerializer(serializers.Serializer):
    """一个人的情绪负荷；reliefs = 请求获准 + 恶意攻击后的换人。"""

    person = PersonSerializer()
    conversations = serializers.IntegerField()
    heated = serializers.IntegerField(help_text=lazy("判断为负面的会话"))
    heated_share = serializers.FloatField(allow_null=True)
    abuse_reports = serializers.IntegerField()
    requests = serializers.IntegerField()
    granted = serializers.IntegerField()
    abuse_reliefs = serializers.IntegerField()
    reliefs = serializers.IntegerField()


class WellbeingView(APIView):
    """情绪负荷：本人的，主管另有直属团队的；组长、管理员、审计员看不到他人的。"""

    required_permissions = {"get": "tickets.view_ticket"}
    action = "get"
    extra_query_parameters = {"get": ("days",)}

    @extend_schema(
        responses=StrainSerializer(many=True),
        parameters=[OpenApiParameter("days", int, description=lazy("最近多少天，1–400，默认 30。"))],
    )
    def get(self, request: Request) -> Response:
        """最近若干天的数字。"""
        refuse_unknown_parameters(request, self, ())
        viewer, now = person_of(request), clock.now()
        start = now - timedelta(days=_days(request.query_params.get("days", "30")))
        found = wellbeing.strain_of(wellbeing.people_of(viewer), start=start, end=now)
        return Response(StrainSerializer(found, many=True).data)


def _days(word: str) -> int:
    days = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else 0
    if not 1 <= days <= LONGEST_DAYS:
        sentence = _("天数须是 1 到 %(n)d 的整数。") % {"n": LONGEST_DAYS}
        raise InvalidInput(sentence, fields={"days": [sentence]})
    return days
