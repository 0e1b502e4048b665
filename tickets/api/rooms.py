"""/api/v1/rooms/: complaint rooms with members, entries, tasks and guests (C27)"""

from typing import Any

import django_filters
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import CreateMixin, ReadViewSet, UpdateMixin
from core.procedures.models import ProcedureTask
from tickets.api.legal.shapes import IdField, TicketField
from tickets.models import Room, RoomEntry, RoomGuest
from tickets.rooms import guests, rooms
from tickets.rooms.choices import EntryKind, GuestKind

OPEN_EXAMPLE = example(
    "发起会商",
    {"ticket": "26112100012345", "summary": "整批杯盖漏水，客户要求换货", "due_at": "2099-01-01T18:00:00+08:00"},
    request_only=True,
)
ENTRY_EXAMPLE = example("决定", {"kind": "decision", "text": "承运方赔付，今日补发"}, request_only=True)
GUEST_EXAMPLE = example("请承运方查看三天", {"name": "顺丰华东", "days": 3, "may_answer": True}, request_only=True)
_ID = OpenApiParameter("guest", OpenApiTypes.INT, OpenApiParameter.PATH)
_MEMBER = OpenApiParameter("member", OpenApiTypes.INT, OpenApiParameter.PATH)


class RoomTaskSerializer(serializers.ModelSerializer):
    """部门任务，属于投诉的流程。"""

    department = serializers.CharField(source="department.key")
    department_name = serializers.CharField(source="department.name")
    assignee = PersonSerializer(allow_null=True)

    class Meta:
        model = ProcedureTask
        fields = ("id", "title", "department", "department_name", "assignee", "state", "due_at", "done_at")


class RoomEntrySerializer(serializers.ModelSerializer):
    """会商记录，写下后不可修改；外部答复的 author 为 null，guest 有值。"""

    author = PersonSerializer(allow_null=True)
    guest = serializers.CharField(source="guest.name", allow_null=True, default=None)

    class Meta:
        model = RoomEntry
        fields = ("id", "kind", "text", "author", "guest", "is_for_guests", "created_at")


class RoomGuestSerializer(serializers.ModelSerializer):
    """外部来宾；链接只在邀请时给出一次。"""

    invited_by = PersonSerializer()
    is_active = serializers.BooleanField(read_only=True)

    class Meta:
        model = RoomGuest
        fields = (
            "id", "name", "kind", "may_answer", "invited_by", "created_at", "expires_at", "removed_at", "is_active",
        )  # fmt: skip


class InvitedGuestSerializer(serializers.Serializer):
    """新邀请的来宾与链接。"""

    guest = RoomGuestSerializer()
    url = serializers.CharField(help_text=_("只显示这一次，系统只保存其摘要。"))


class RoomSerializer(serializers.ModelSerializer):
    """会商室：工单号、分类与脱敏摘要，不含客户资料和会话。"""

    number = serializers.CharField(source="ticket.number")
    category = serializers.CharField(source="ticket.category")
    opened_by = PersonSerializer()
    closed_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Room
        fields = ("id", "number", "category", "summary", "due_at", "opened_by", "opened_at", "closed_by", "closed_at")


class RoomDetailSerializer(RoomSerializer):
    """会商室及其成员与部门任务。"""

    members = serializers.SerializerMethodField()
    tasks = serializers.SerializerMethodField()

    class Meta(RoomSerializer.Meta):
        fields = (*RoomSerializer.Meta.fields, "members", "tasks")

    @extend_schema_field(PersonSerializer(many=True))
    def get_members(self, row: Room) -> Any:
        return PersonSerializer([one.user for one in rooms.members_of(row)], many=True).data

    @extend_schema_field(RoomTaskSerializer(many=True))
    def get_tasks(self, row: Room) -> Any:
        return RoomTaskSerializer(rooms.tasks_of(row), many=True).data


class RoomCreateSerializer(StrictSerializer):
    """对一张投诉发起会商；摘要中的个人信息会被遮盖，留空取工单标题。"""

    ticket = TicketField()
    summary = CleanCharField(max_length=rooms.SUMMARY_LENGTH, multiline=True, required=False, allow_blank=True)
    due_at = MomentField(required=False, allow_null=True)
    members = serializers.ListField(child=IdField(), required=False, max_length=rooms.MOST_MEMBERS)


class RoomChangeSerializer(StrictSerializer):
    due_at = MomentField(allow_null=True)


class RoomEntryCreateSerializer(StrictSerializer):
    """讨论或决定；个人信息会被遮盖。"""

    kind = serializers.ChoiceField(choices=rooms.WRITTEN_KINDS, default=EntryKind.NOTE)
    text = CleanCharField(max_length=rooms.TEXT_LENGTH, multiline=True)
    is_for_guests = serializers.BooleanField(default=False)


class RoomMembersSerializer(StrictSerializer):
    members = serializers.ListField(child=IdField(), min_length=1, max_length=rooms.MOST_MEMBERS)


class RoomGuestCreateSerializer(StrictSerializer):
    name = CleanCharField(max_length=guests.NAME_LENGTH)
    kind = serializers.ChoiceField(choices=GuestKind.choices, default=GuestKind.CARRIER)
    days = serializers.IntegerField(min_value=1, max_value=guests.LONGEST_DAYS, default=guests.USUAL_DAYS)
    may_answer = serializers.BooleanField(default=False)


class RoomCloseSerializer(StrictSerializer):
    decision = CleanCharField(max_length=rooms.TEXT_LENGTH, multiline=True)


class RoomFilter(django_filters.FilterSet):
    open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull", label=_("未结束"))

    class Meta:
        model = Room
        fields: list[str] = []


@extend_schema_view(create=extend_schema(examples=[OPEN_EXAMPLE]))
class RoomViewSet(CreateMixin, UpdateMixin, ReadViewSet):
    """会商室：成员、讨论与决定、部门任务、外部来宾。"""

    queryset = Room.objects.for_list()
    read_serializer_class = RoomDetailSerializer
    serializer_classes = {
        "list": RoomSerializer,
        "create": RoomCreateSerializer,
        "partial_update": RoomChangeSerializer,
        "entries": RoomEntryCreateSerializer,
        "members": RoomMembersSerializer,
        "guests": RoomGuestCreateSerializer,
        "close": RoomCloseSerializer,
    }
    filterset_class = RoomFilter
    required_permissions = {
        "list": "tickets.view_room",
        "retrieve": "tickets.view_room",
        "create": "tickets.add_room",
        "partial_update": "tickets.change_room",
        "entries": "tickets.view_room",
        "members": "tickets.change_room",
        "remove_member": "tickets.change_room",
        "guests": "tickets.view_room",
        "revoke": "tickets.change_room",
        "close": "tickets.change_room",
        "reopen": "tickets.change_room",
    }

    def create_instance(self, serializer: Any) -> Room:
        made = rooms.open_room(actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]
        return self.get_queryset().get(pk=made.pk)  # type: ignore[no-any-return]

    def update_instance(self, instance: Any, serializer: Any) -> Room:
        return rooms.set_due(room=instance, actor=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(methods=["GET"], filters=False, responses=RoomEntrySerializer(many=True))
    @extend_schema(
        methods=["POST"],
        request=RoomEntryCreateSerializer,
        responses={201: RoomEntrySerializer},
        examples=[ENTRY_EXAMPLE],
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, ordering=("-id",))
    def entries(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """讨论、决定与外部答复，新的在前；POST 写一条，写下后不可修改。"""
        room = self.get_object()
        if request.method == "POST":
            made = rooms.write(room=room, actor=request.user, **self.validated())  # type: ignore[arg-type]
            return Response(RoomEntrySerializer(made).data, status=status.HTTP_201_CREATED)
        page = self.paginate_queryset(room.entries.select_related("author", "guest"))
        return self.get_paginated_response(RoomEntrySerializer(page, many=True).data)

    @extend_schema(request=RoomMembersSerializer, responses=RoomDetailSerializer)
    @action(detail=True, methods=["post"])
    def members(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """加入成员，可以来自任何部门。"""
        room = self.get_object()
        rooms.add_members(room=room, actor=request.user, **self.validated())  # type: ignore[arg-type]
        return self.shown(room)

    @extend_schema(parameters=[_MEMBER], request=None, responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"members/(?P<member>[0-9]{1,18})")
    def remove_member(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """移出成员；其不再看到会商室，除非能看到投诉。"""
        rooms.remove_member(room=self.get_object(), actor=request.user, member=int(self.kwargs["member"]))  # type: ignore[arg-type]
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(methods=["GET"], filters=False, responses=RoomGuestSerializer(many=True))
    @extend_schema(
        methods=["POST"],
        request=RoomGuestCreateSerializer,
        responses={201: InvitedGuestSerializer},
        examples=[GUEST_EXAMPLE],
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, ordering=("-id",))
    def guests(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """外部来宾；POST 邀请一位，链接只给出这一次。"""
        room = self.get_object()
        if request.method == "POST":
            made = guests.invite(room=room, actor=request.user, **self.validated())  # type: ignore[arg-type]
            return Response(InvitedGuestSerializer(made).data, status=status.HTTP_201_CREATED)
        page = self.paginate_queryset(guests.guests_of(room, request.user))  # type: ignore[arg-type]
        return self.get_paginated_response(RoomGuestSerializer(page, many=True).data)

    @extend_schema(parameters=[_ID], request=None, responses=RoomGuestSerializer)
    @action(detail=True, methods=["post"], url_path=r"guests/(?P<guest>[0-9]{1,18})/revoke")
    def revoke(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """撤销来宾，链接立即失效。"""
        self.nothing_given()
        guest = (
            self.get_object().guests.select_related("room", "invited_by").filter(pk=int(self.kwargs["guest"])).first()
        )
        if guest is None:
            raise Http404
        return Response(RoomGuestSerializer(guests.revoke(guest=guest, actor=request.user)).data)  # type: ignore[arg-type]

    @extend_schema(request=RoomCloseSerializer, responses=RoomDetailSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """结束会商并写下最后的决定；来宾链接随之失效。"""
        return self.shown(rooms.close(room=self.get_object(), actor=request.user, **self.validated()))  # type: ignore[arg-type]

    @extend_schema(request=None, responses=RoomDetailSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """重新打开已结束的会商室。"""
        self.nothing_given()
        return self.shown(rooms.reopen(room=self.get_object(), actor=request.user))  # type: ignore[arg-type]
