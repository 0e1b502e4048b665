"""/api/v1/follow-up-visits/ and /api/v1/surveys/"""

from typing import Any, cast

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.api.viewsets import ReadViewSet
from core.errors import InvalidInput
from crm.followups import services
from crm.followups.api import serializers as shapes
from crm.followups.api.filters import SurveyFilter, VisitFilter, ticket_condition
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.staff.models import User
from tickets.models import Ticket

VISIT_EXAMPLE = example(
    "三天后回访",
    {"ticket": "26112100012345", "due_at": "2026-11-24T10:00:00+08:00", "note": "确认补发已收到"},
    request_only=True,
)


def acting(request: Request) -> User:
    """Whoever calls; the permission check has turned strangers away."""
    return cast(User, request.user)


class FollowUpVisitViewSet(ReadViewSet):
    """回访：安排、改期、记录结果。"""

    queryset = FollowUpVisit.objects.select_related("ticket", "customer", "plan", "assignee")
    serializer_class = shapes.VisitSerializer
    serializer_classes = {
        "create": shapes.VisitCreateSerializer,
        "partial_update": shapes.VisitUpdateSerializer,
        "complete": shapes.VisitCompleteSerializer,
    }
    required_permissions = {
        "list": "followups.view_followupvisit",
        "retrieve": "followups.view_followupvisit",
        "create": "followups.add_followupvisit",
        "partial_update": "followups.change_followupvisit",
        "complete": "followups.complete_followupvisit",
    }
    filterset_class = VisitFilter
    ordering = ("due_at", "id")

    @extend_schema(
        request=shapes.VisitCreateSerializer,
        responses={201: shapes.VisitSerializer},
        examples=[VISIT_EXAMPLE],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.validated()
        ticket = self._ticket(data["ticket"])
        assignee = self._assignee(data["assignee"]) if data.get("assignee") else ticket.assignee
        visit = services.plan_visit(
            actor=acting(request),
            customer=ticket.customer,
            ticket=ticket,
            due_at=data["due_at"],
            assignee=assignee,
            note=data.get("note", ""),
        )
        return self.shown(visit, status_code=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.VisitUpdateSerializer, responses=shapes.VisitSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        visit = self.get_object()
        changes = dict(self.validated(partial=True))
        if changes.get("assignee"):
            changes["assignee"] = self._assignee(changes["assignee"])
        if changes:
            services.change_visit(visit=visit, actor=acting(request), **changes)
        return self.shown(self.get_object())

    @extend_schema(request=shapes.VisitCompleteSerializer, responses=shapes.VisitSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.validated()
        visit = self.get_object()
        services.complete_visit(visit=visit, actor=acting(request), outcome=data["outcome"], note=data.get("note", ""))
        return self.shown(self._all_rows().get(pk=visit.pk))

    def _ticket(self, reference: str) -> Ticket:
        condition = ticket_condition(reference)
        rows = Ticket.objects.visible_to(acting(self.request)).select_related("customer", "assignee")
        ticket = rows.filter(condition).first() if condition is not None else None
        if ticket is None:
            sentence = _("没有这个工单。")
            raise InvalidInput(sentence, fields={"ticket": [sentence]})
        return ticket

    def _assignee(self, user_id: int) -> Any:
        assignee = get_user_model().objects.active().visible_to(acting(self.request)).filter(pk=user_id).first()
        if assignee is None:
            sentence = _("没有这位同事。")
            raise InvalidInput(sentence, fields={"assignee": [sentence]})
        return assignee


class SurveyViewSet(ReadViewSet):
    """满意度评价：邀请链接与结果。"""

    queryset = SurveyInvitation.objects.select_related("ticket", "assignee", "invitation__response")
    serializer_class = shapes.SurveySerializer
    required_permissions = {
        "list": "followups.view_surveyinvitation",
        "retrieve": "followups.view_surveyinvitation",
    }
    filterset_class = SurveyFilter
