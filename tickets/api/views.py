"""Tickets over HTTP: thin views over the services."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.parsers import StrictJSONParser
from core.api.schema import example
from core.api.viewsets import CreateMixin, KeanViewSet, ReadViewSet
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.language import mask_text
from scripts_library.models import ScriptVersion
from tickets.api import desk
from tickets.api import serializers as shapes
from tickets.api.filters import TicketFilter
from tickets.choices import MessageKind
from tickets.models import Attachment, Ticket, TicketMerge, TicketMessage
from tickets.services import (
    attachments,
    catalogue,
    contact,
    conversation,
    editing,
    intake,
    merging,
    transfers,
    transitions,
)
from tickets.services.catalogue import channel_for
from tickets.services.suggestions import suggestions_for

CREATE_EXAMPLE = example(
    "淘宝客户投诉破损",
    {
        "channel": "taobao",
        "external_id": "tb-msg-20261121-0001",
        "subject": "杯子碎了",
        "body": "收到的玻璃杯碎了两个，客服一直不回复，我要投诉。",
        "customer": {"name": "陈女士", "phone": "13800138000", "external_ids": {"taobao": "tb_88"}},
        "order_no": "TB20261118001",
    },
    request_only=True,
)


class TicketViewSet(desk.DeskActions, CreateMixin, ReadViewSet):
    """工单：受理、查看、修改、流转。"""

    model = Ticket
    read_serializer_class = shapes.TicketSerializer
    serializer_classes = {
        "create": shapes.TicketCreateSerializer,
        "partial_update": shapes.TicketUpdateSerializer,
        "transitions": shapes.TransitionSerializer,
        "merge": shapes.MergeSerializer,
        "unmerge": shapes.UnmergeSerializer,
        **desk.INPUTS,
    }
    required_permissions = {
        "list": "tickets.view_ticket",
        "retrieve": "tickets.view_ticket",
        "create": "tickets.add_ticket",
        "partial_update": "tickets.change_ticket",
        "messages": "tickets.view_ticketmessage",
        "transitions": "tickets.transition_ticket",
        "merge": "tickets.merge_ticket",
        "unmerge": "tickets.merge_ticket",
        "events": "tickets.view_ticket",
        "suggestions": "tickets.view_ticket",
        "contact_attempts": "tickets.view_ticket",
        **desk.PERMISSIONS,
    }
    filterset_class = TicketFilter
    ordering = ("-created_at", "-id")
    ordering_options = {
        "-created_at": ("-created_at", "-id"),
        "created_at": ("created_at", "id"),
        "sla": ("next_due_at", "id"),
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().for_list().prefetch_related("clocks", "tags")

    def lookup_filter(self, value: str) -> Q:
        """The id, or the ticket's number (longer than any id in use, so the two cannot be confused)."""
        if value.isascii() and value.isdigit() and len(value) == 14:
            return Q(number=value)
        return super().lookup_filter(value)

    @extend_schema(
        examples=[CREATE_EXAMPLE],
        request=shapes.TicketCreateSerializer,
        responses={201: shapes.TicketSerializer, 200: shapes.TicketSerializer},
    )
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        data = dict(self.validated())
        given = intake.CustomerGiven(**data.pop("customer", {}))
        files = self._uploads(request, data.pop("attachments", []))
        data["shop"] = data.get("shop") or ""
        result = intake.receive(
            request=intake.Request(customer=given, attachment_ids=files, **data), actor=request.user
        )
        if not result.created and not self.get_queryset().filter(pk=result.ticket.pk).exists():
            raise Conflict(_("该外部编号已受理，但您无权查看该工单。"), code="not_visible")
        context = {**self.get_serializer_context(), "is_new": result.created}
        shown = shapes.TicketSerializer(result.ticket, context=context).data
        return Response(shown, status=status.HTTP_201_CREATED if result.created else status.HTTP_200_OK)

    @extend_schema(request=shapes.TicketUpdateSerializer, responses=shapes.TicketSerializer)
    def partial_update(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        changes = dict(self.validated(partial=True))
        seen_at = changes.pop("updated_at", None)
        editing.edit(ticket=ticket, actor=request.user, changes=changes, seen_at=seen_at)
        return self.shown(self.get_object())

    @extend_schema(methods=["GET"], operation_id="tickets_messages_list", responses=shapes.MessageSerializer(many=True))
    @extend_schema(
        methods=["POST"],
        request=shapes.MessageCreateSerializer,
        responses={201: shapes.MessageSerializer},
        examples=[example("回复", {"kind": "reply", "body": "您好，今天为您补发。"}, request_only=True)],
    )
    @action(
        detail=True, methods=["get", "post"], filterset_class=None, ordering=("created_at", "id"), ordering_options={}
    )
    def messages(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        context = {"mask": mask_text if request.user.is_auditor else None}
        if request.method == "POST":
            message = self._say(request, ticket)
            return Response(shapes.MessageSerializer(message, context=context).data, status=status.HTTP_201_CREATED)
        rows = TicketMessage.objects.filter(ticket=ticket).select_related("author", "channel")
        rows = rows.prefetch_related("attachments")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(shapes.MessageSerializer(page, many=True, context=context).data)

    def _say(self, request: HttpRequest, ticket: Ticket) -> TicketMessage:
        serializer = shapes.MessageCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        kind = data["kind"]
        needed = "tickets.reply_ticket" if kind == MessageKind.REPLY else "tickets.add_ticketmessage"
        if not request.user.has_perm(needed):
            raise NotAllowed(_("您没有发送消息的权限。"))
        files = self._own_files(request, data.get("attachments", []))
        common = {"ticket": ticket, "actor": request.user, "body": data["body"], "attachments": files}
        if kind == MessageKind.REPLY:
            safety = shapes.taken_confirmation(data)
            return conversation.reply(**common, script_version=self._script(data.get("script")), safety=safety)
        if kind == MessageKind.NOTE:
            return conversation.add_note(**common)
        channel = channel_for(data["channel"])[0] if data.get("channel") else None
        return conversation.customer_message(**common, channel=channel, external_id=data.get("external_id", ""))

    def _uploads(self, request: HttpRequest, ids: list[int]) -> tuple[int, ...]:
        """Ids of the caller's own files. They may be in use: the same request may come twice."""
        if ids and Attachment.objects.filter(pk__in=ids, uploader=request.user).count() != len(set(ids)):
            sentence = str(_("有附件不存在或已被使用。"))
            raise InvalidInput(sentence, fields={"attachments": [sentence]})
        return tuple(ids)

    def _own_files(self, request: HttpRequest, ids: list[int]) -> list[Attachment]:
        files = list(Attachment.objects.visible_to(request.user).filter(pk__in=ids, message=None))
        if len(files) != len(set(ids)):
            sentence = str(_("有附件不存在或已被使用。"))
            raise InvalidInput(sentence, fields={"attachments": [sentence]})
        return files

    def _script(self, version_id: int | None) -> ScriptVersion | None:
        if version_id is None:
            return None
        version = ScriptVersion.objects.published().filter(pk=version_id).first()
        if version is None:
            sentence = str(_("没有这个已发布的话术版本。"))
            raise InvalidInput(sentence, fields={"script": [sentence]})
        return version

    @extend_schema(
        request=shapes.TransitionSerializer,
        responses=shapes.TicketSerializer,
        examples=[example("等待客户补充照片", {"action": "wait", "reason": "等待客户补充照片"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def transitions(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        data = self.validated()
        _TRANSITIONS[data["action"]](ticket, request.user, data)
        fresh = self._all_rows().for_list().prefetch_related("clocks", "tags").get(pk=ticket.pk)
        return self.shown(fresh)

    @extend_schema(request=shapes.MergeSerializer, responses={200: shapes.MergeShownSerializer})
    @action(detail=True, methods=["post"])
    def merge(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        source = self.get_object()
        target = self.get_queryset().filter(self._into(self.validated()["into"])).first()
        if target is None:
            sentence = str(_("没有这张工单。"))
            raise InvalidInput(sentence, fields={"into": [sentence]})
        record = merging.merge(source=source, target=target, actor=request.user)
        return Response({"merge": record.pk})

    def _into(self, value: str) -> Q:
        try:
            return self.lookup_filter(value)
        except Http404:
            return Q(pk__in=[])

    @extend_schema(request=shapes.UnmergeSerializer, responses=shapes.TicketSerializer)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        source = self.get_object()
        record = TicketMerge.objects.filter(pk=self.validated()["merge"], source=source).first()
        if record is None:
            sentence = str(_("该工单没有这次合并。"))
            raise InvalidInput(sentence, fields={"merge": [sentence]})
        merging.unmerge(merge=record, actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(operation_id="tickets_events_list", responses=shapes.EventSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None, ordering=("id",), ordering_options={})
    def events(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        rows = Event.objects.filter(subject_type="ticket", subject_id=ticket.pk).select_related("actor")
        return self.get_paginated_response(shapes.EventSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(responses=shapes.SuggestionsSerializer)
    @action(detail=True, methods=["get"], filterset_class=None)
    def suggestions(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        found = suggestions_for(ticket=self.get_object(), user=request.user)
        return Response(shapes.SuggestionsSerializer(found).data)

    @extend_schema(
        methods=["GET"],
        operation_id="tickets_contact_attempts_list",
        responses=shapes.ContactAttemptShownSerializer(many=True),
    )
    @extend_schema(
        methods=["POST"],
        request=shapes.ContactAttemptSerializer,
        responses={201: shapes.ContactAttemptShownSerializer},
    )
    @action(
        detail=True,
        methods=["get", "post"],
        url_path="contact-attempts",
        filterset_class=None,
        ordering=("id",),
        ordering_options={},
    )
    def contact_attempts(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        ticket = self.get_object()
        if request.method == "GET":
            page = self.paginate_queryset(ticket.contact_attempts.all())
            return self.get_paginated_response(shapes.ContactAttemptShownSerializer(page, many=True).data)
        if not request.user.has_perm("tickets.add_ticketmessage"):
            raise NotAllowed(_("您没有记录联系的权限。"))
        serializer = shapes.ContactAttemptSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        attempt = contact.record_attempt(ticket=ticket, actor=request.user, **serializer.validated_data)
        return Response(shapes.ContactAttemptShownSerializer(attempt).data, status=status.HTTP_201_CREATED)


def _assign(ticket: Ticket, user: Any, data: dict[str, Any]) -> Ticket:
    assignee = None
    if data.get("assignee"):
        assignee = get_user_model().objects.filter(pk=data["assignee"], is_active=True).first()
        if assignee is None:
            sentence = str(_("没有这位员工。"))
            raise InvalidInput(sentence, fields={"assignee": [sentence]})
    return transitions.assign(ticket=ticket, actor=user, assignee=assignee, reason=data["reason"])


def _move(ticket: Ticket, user: Any, data: dict[str, Any]) -> Ticket:
    if not data.get("queue"):
        sentence = str(_("请选择队列。"))
        raise InvalidInput(sentence, fields={"queue": [sentence]})
    queue = catalogue.queue_for(data["queue"])
    return transfers.transfer(ticket=ticket, actor=user, queue=queue, reason=data["reason"])


def _close(ticket: Ticket, user: Any, data: dict[str, Any]) -> Ticket:
    return transitions.close(ticket=ticket, actor=user, reason=data["reason"], confirmation=data["confirmation"])


def _plain(verb: Any) -> Any:
    def run(ticket: Ticket, user: Any, data: dict[str, Any]) -> Ticket:
        return verb(ticket=ticket, actor=user, reason=data["reason"])

    return run


_TRANSITIONS = {
    "assign": _assign,
    "move": _move,
    "close": _close,
    "release": _plain(transitions.release),
    "wait": _plain(transitions.wait),
    "hold": _plain(transitions.hold),
    "resume": _plain(transitions.resume),
    "solve": _plain(transitions.solve),
    "reopen": _plain(transitions.reopen),
    "escalate": _plain(transitions.escalate),
    "cancel": _plain(transitions.cancel),
}


class AttachmentViewSet(KeanViewSet):
    """附件：先上传，再随消息发送。"""

    model = Attachment
    parser_classes = [MultiPartParser]
    serializer_class = shapes.AttachmentUploadSerializer
    read_serializer_class = shapes.AttachmentSerializer
    required_permissions = {
        "create": "tickets.add_attachment",
        "retrieve": "tickets.view_attachment",
        "download": "tickets.view_attachment",
    }

    @extend_schema(request=shapes.AttachmentUploadSerializer, responses={201: shapes.AttachmentSerializer})
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        stored = attachments.store_attachment(upload=self.validated()["file"], actor=request.user)
        return self.shown(stored, status_code=201)

    @extend_schema(responses=shapes.AttachmentSerializer)
    def retrieve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return self.shown(self.get_object())

    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"], parser_classes=[StrictJSONParser])
    def download(self, request: HttpRequest, *args: Any, **kwargs: Any) -> FileResponse:
        return attachment_response(self.get_object())


def attachment_response(attachment: Attachment) -> FileResponse:
    """The file as a download: never shown by the browser itself, whatever it contains."""
    response = FileResponse(
        attachment.file.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
