"""/api/v1/staff/, /api/v1/teams/, /api/v1/tokens/"""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.idempotency import HEADER
from core.api.permissions import SIGNED_IN
from core.api.schema import example
from core.api.viewsets import ReadViewSet, WriteViewSet
from core.errors import InvalidInput
from crm.staff.api.serializers import (
    IssuedTokenSerializer,
    LoggedOutSerializer,
    LogoutSerializer,
    StaffChangeSerializer,
    StaffCreateSerializer,
    StaffSerializer,
    TeamSerializer,
    TeamWriteSerializer,
    TokenCreateSerializer,
    TokenSerializer,
)
from crm.staff.choices import Availability, Role
from crm.staff.models import ApiToken, Team, User
from crm.staff.person import person_of
from crm.staff.services import (
    change_availability,
    change_staff,
    change_team,
    create_staff,
    create_team,
    force_logout,
    issue_token,
    revoke_token,
)


class StaffFilter(django_filters.FilterSet):
    role = django_filters.ChoiceFilter(choices=Role.choices)
    availability = django_filters.ChoiceFilter(choices=Availability.choices)
    team = django_filters.ModelChoiceFilter(field_name="teams", queryset=Team.objects.all())
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = User
        fields: list[str] = []


class StaffViewSet(WriteViewSet):
    """员工。`me` 代替编号即本人。"""

    queryset = User.objects.prefetch_related("teams", "memberships__team")
    read_serializer_class = StaffSerializer
    serializer_classes = {
        "create": StaffCreateSerializer,
        "partial_update": StaffChangeSerializer,
        "logout": LogoutSerializer,
    }
    filterset_class = StaffFilter
    ordering = ("id",)
    required_permissions = {
        "list": "staff.view_user",
        "retrieve": "staff.view_user",
        "create": "staff.add_user",
        "partial_update": "staff.view_user",
        "logout": "staff.change_user",
    }

    def get_object(self) -> User:
        if self.kwargs.get("pk") == "me":
            self.kwargs["pk"] = str(self.request.user.pk)
        return super().get_object()  # type: ignore[no-any-return]

    def create_instance(self, serializer: Any) -> User:
        person = create_staff(actor=person_of(self.request), **serializer.validated_data)
        return self._shown(person)

    def update_instance(self, instance: User, serializer: Any) -> User:
        changes = dict(serializer.validated_data)
        if "availability" in changes:
            change_availability(user=instance, availability=changes.pop("availability"), actor=person_of(self.request))
        if changes:
            change_staff(user=instance, actor=person_of(self.request), **changes)
        return self._shown(instance)

    @extend_schema(
        request=LogoutSerializer,
        responses=LoggedOutSerializer,
        examples=[example("强制下线", {"reason": "离开工位未签退"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def logout(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """强制下线：结束该员工的全部登录，正在接待的会话退回队列。"""
        person = self.get_object()
        returned = force_logout(user=person, actor=person_of(request), reason=self.validated()["reason"])
        return Response({"availability": person.availability, "returned": returned})

    def _shown(self, person: User) -> User:
        shown: User = self.queryset.get(pk=person.pk)
        return shown


class TeamViewSet(WriteViewSet):
    """团队。"""

    queryset = Team.objects.prefetch_related("queues")
    read_serializer_class = TeamSerializer
    serializer_class = TeamWriteSerializer
    ordering = ("id",)
    required_permissions = {
        "list": "staff.view_team",
        "retrieve": "staff.view_team",
        "create": "staff.add_team",
        "partial_update": "staff.change_team",
    }

    def create_instance(self, serializer: Any) -> Team:
        return create_team(actor=person_of(self.request), **serializer.validated_data)

    def update_instance(self, instance: Team, serializer: Any) -> Team:
        change_team(team=instance, actor=person_of(self.request), **serializer.validated_data)
        return Team.objects.prefetch_related("queues").get(pk=instance.pk)


class TokenViewSet(ReadViewSet):
    """接口令牌。令牌本身只在创建时返回一次。"""

    model = ApiToken
    read_serializer_class = TokenSerializer
    serializer_classes = {"create": TokenCreateSerializer}
    required_permissions = {"list": SIGNED_IN, "retrieve": SIGNED_IN, "create": SIGNED_IN, "revoke": SIGNED_IN}

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.action != "list" or getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(user=self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """An answer that holds a key must not be kept anywhere to be repeated."""
        if HEADER in request.headers:
            message = _("创建令牌不支持 Idempotency-Key。")
            raise InvalidInput(message, code="not_repeatable", fields={HEADER: [str(message)]})
        super().initial(request, *args, **kwargs)

    @extend_schema(request=TokenCreateSerializer, responses={201: IssuedTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.validated()
        token, key = issue_token(user=person_of(request), actor=person_of(request), **data)
        answer = {**TokenSerializer(token).data, "token": key}
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(request=None, responses=TokenSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.nothing_given()
        token = self.get_object()
        revoke_token(token=token, actor=person_of(request))
        return self.shown(token)
