"""One's own notices over HTTP."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from core.api.people import PersonSerializer
from core.api.permissions import SIGNED_IN
from core.api.schema import example
from core.api.serializers import StrictSerializer
from core.api.viewsets import ReadViewSet
from tickets.models import Notice
from tickets.services import notices

LARGEST_ID = 2**63 - 1
#: So many may be marked at once; without ids, all are.
MOST = 100


class NoticeSerializer(serializers.ModelSerializer):
    """一条提醒。"""

    text = serializers.CharField(source="get_kind_display")
    ticket_number = serializers.CharField(source="ticket.number")
    actor = PersonSerializer(allow_null=True)

    class Meta:
        model = Notice
        fields = ("id", "kind", "text", "ticket", "ticket_number", "actor", "created_at", "read_at")


class NoticesReadSerializer(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        required=False,
        max_length=MOST,
        help_text=_("不填则全部标为已读。"),
    )


class NoticesLeftSerializer(serializers.Serializer):
    marked = serializers.IntegerField(help_text=_("此次标为已读的条数"))
    unread = serializers.IntegerField(help_text=_("余下未读，最多数到 100"))


class NoticeFilter(django_filters.FilterSet):
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", label=_("只看未读"))

    class Meta:
        model = Notice
        fields: list[str] = []


class NoticeViewSet(ReadViewSet):
    """提醒：只有本人的。"""

    queryset = Notice.objects.select_related("ticket", "actor").defer("ticket__search")
    read_serializer_class = NoticeSerializer
    serializer_classes = {"read": NoticesReadSerializer}
    filterset_class = NoticeFilter
    ordering = ("-created_at", "-id")
    required_permissions = {"list": SIGNED_IN, "retrieve": SIGNED_IN, "read": SIGNED_IN}

    @extend_schema(
        request=NoticesReadSerializer,
        responses=NoticesLeftSerializer,
        examples=[
            example("全部已读", {}, request_only=True),
            example("其中两条", {"ids": [11, 12]}, request_only=True),
        ],
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def read(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """标为已读。"""
        marked = notices.mark_read(actor=request.user, ids=self.validated().get("ids"))
        return Response({"marked": marked, "unread": notices.unread_count(request.user)})
