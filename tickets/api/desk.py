"""What a person does with a ticket at the desk besides moving it: put away, watch, tie together, split."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import KeanViewSet
from core.errors import InvalidInput
from tickets.api.serializers import TicketSerializer
from tickets.choices import LinkKind, TicketStatus
from tickets.models import Ticket, TicketMessage
from tickets.services import relations, snoozing, watching

LARGEST_ID = 2**63 - 1
#: What may be tied by hand; where a ticket was split off writes itself.
TIED_BY_HAND = [(kind.value, kind.label) for kind in (LinkKind.RELATED, LinkKind.PARENT)]
PERMISSIONS = {
    "snooze": "tickets.transition_ticket",
    "wake": "tickets.transition_ticket",
    "watchers": "tickets.view_ticket",
    "watch": "tickets.transition_ticket",
    "unwatch": "tickets.transition_ticket",
    "relations": "tickets.view_ticketlink",
    "relate": "tickets.transition_ticket",
    "unrelate": "tickets.transition_ticket",
    "split": "tickets.transition_ticket",
    "solve_children": "tickets.transition_ticket",
}


class SnoozeSerializer(StrictSerializer):
    until = MomentField(required=False, allow_null=True, help_text=gettext_lazy("回到列表的时间；不填则等到客户来信。"))


class WatcherSerializer(serializers.Serializer):
    user = PersonSerializer()
    mentioned = serializers.SerializerMethodField(help_text=gettext_lazy("因备注中被提到而关注"))
    created_at = serializers.DateTimeField()

    def get_mentioned(self, row: Any) -> bool:
        return bool(row.reason == watching.MENTIONED)


class WatchersSerializer(serializers.Serializer):
    results = WatcherSerializer(many=True)


class RelationCreateSerializer(StrictSerializer):
    other = CleanCharField(max_length=20, help_text=gettext_lazy("另一张工单的编号或 id"))
    kind = serializers.ChoiceField(TIED_BY_HAND, default=LinkKind.RELATED.value)

    def validate_other(self, value: str) -> Ticket:
        found: Ticket | None = Ticket.objects.visible_to(self.context["request"].user).named(value).first()
        if found is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return found


class RelatedTicketSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(TicketStatus.choices)


class RelationSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="link.pk")
    kind = serializers.ChoiceField(LinkKind.choices, source="link.kind")
    relation = serializers.CharField(source="word", help_text=gettext_lazy("从这张工单看，对方是什么"))
    is_child = serializers.BooleanField(help_text=gettext_lazy("对方是下级工单"))
    ticket = RelatedTicketSerializer(source="other")


class RelationsSerializer(serializers.Serializer):
    results = RelationSerializer(many=True)


class SplitSerializer(StrictSerializer):
    message = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, help_text=gettext_lazy("这张工单上客户消息的 id")
    )


class SolvedChildrenSerializer(serializers.Serializer):
    solved = serializers.IntegerField()


INPUTS: dict[str, type[serializers.BaseSerializer]] = {
    "snooze": SnoozeSerializer,
    "relate": RelationCreateSerializer,
    "split": SplitSerializer,
}


class DeskActions(KeanViewSet):
    """Actions of a ticket's address; thin over the services of the desk."""

    @extend_schema(
        request=SnoozeSerializer,
        responses=TicketSerializer,
        examples=[
            example("明早再看", {"until": "2026-11-23T09:00:00+08:00"}, request_only=True),
            example("等客户来信", {}, request_only=True),
        ],
    )
    @action(detail=True, methods=["post"])
    def snooze(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """稍后处理：离开列表，到时间或客户来信时回来；时效照常计时。"""
        snoozing.snooze(ticket=self.get_object(), actor=request.user, until=self.validated().get("until"))
        return self.shown(self.get_object())

    @extend_schema(request=None, responses=TicketSerializer)
    @action(detail=True, methods=["post"])
    def wake(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """提前回到列表。"""
        self.nothing_given()
        snoozing.wake(ticket=self.get_object(), actor=request.user)
        return self.shown(self.get_object())

    @extend_schema(responses=WatchersSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def watchers(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """谁在关注这张工单。"""
        return self._watchers(self.get_object())

    @extend_schema(request=None, responses=WatchersSerializer)
    @watchers.mapping.post
    def watch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """由本人关注：客户再来信时得到提醒。"""
        self.nothing_given()
        ticket = self.get_object()
        watching.watch(ticket=ticket, actor=request.user)
        return self._watchers(ticket)

    @extend_schema(responses={204: None})
    @watchers.mapping.delete
    def unwatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """取消本人的关注。"""
        watching.unwatch(ticket=self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _watchers(self, ticket: Ticket) -> Response:
        rows = ticket.watchers.select_related("user").order_by("pk")
        return Response(WatchersSerializer({"results": rows}).data)

    @extend_schema(responses=RelationsSerializer, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def relations(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """与这张工单相关的工单，限本人可见的。"""
        return Response(RelationsSerializer({"results": relations.relations_of(self.get_object(), request.user)}).data)

    @extend_schema(
        request=RelationCreateSerializer,
        responses={201: RelationsSerializer},
        examples=[example("挂到上级工单", {"other": "26112100012345", "kind": "parent"}, request_only=True)],
    )
    @relations.mapping.post
    def relate(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """关联两张工单；kind 为 parent 时，other 成为这张工单的上级。"""
        ticket = self.get_object()
        relations.link(ticket=ticket, actor=request.user, **self.validated())
        found = relations.relations_of(ticket, request.user)
        return Response(RelationsSerializer({"results": found}).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path=r"relations/(?P<link>[0-9]{1,18})", pagination_class=None)
    def unrelate(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """解除关联；拆分的来历不能解除。"""
        wanted = int(kwargs["link"])
        found = [one for one in relations.relations_of(self.get_object(), request.user) if one.link.pk == wanted]
        if not found:
            raise Http404
        relations.unlink(link=found[0].link, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=SplitSerializer,
        responses={201: TicketSerializer},
        examples=[example("另立一单", {"message": 4711}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def split(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """把客户的一条消息另立为工单；会话保持完整，重复提交得到同一张。"""
        ticket = self.get_object()
        message = TicketMessage.objects.filter(ticket=ticket, pk=self.validated()["message"]).first()
        if message is None:
            sentence = _("没有这条消息。")
            raise InvalidInput(sentence, fields={"message": [sentence]})
        made = relations.split(ticket=ticket, message=message, actor=request.user)
        rows: Any = self._all_rows()
        fresh = rows.for_list().prefetch_related("clocks", "tags").get(pk=made.pk)
        return self.shown(fresh, status_code=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=SolvedChildrenSerializer)
    @action(detail=True, methods=["post"], url_path="solve-children")
    def solve_children(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """逐张解决未结的下级工单；不能解决的保持原样。"""
        self.nothing_given()
        return Response({"solved": relations.solve_children(ticket=self.get_object(), actor=request.user)})
