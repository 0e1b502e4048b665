"""/api/v1/public-posts/ and /reach-thresholds/ (C34)"""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import WriteViewSet
from core.language import mask_name, mask_text
from tickets.api.legal.cases import of_ticket
from tickets.api.legal.shapes import TicketField
from tickets.models import PostLink, PublicPost, ReachThreshold
from tickets.publicity import posts
from tickets.publicity.choices import PostPlatform, Sentiment

POST_EXAMPLE = example(
    "一条微博",
    {
        "platform": "weibo",
        "url": "https://weibo.com/1234567890/Pabc123",
        "author": "@小陈不吃亏",
        "reach": 12000,
        "posted_at": "2026-11-20T20:15:00+08:00",
        "excerpt": "收到的杯子碎了，客服三天不回。",
        "sentiment": "negative",
    },
    request_only=True,
)
LINK_EXAMPLE = example("关联", {"ticket": "26112100012345"}, request_only=True)
UNLINK_EXAMPLE = example("解除关联", {"ticket": "26112100012345", "reason": "不是同一件事"}, request_only=True)
THRESHOLD_EXAMPLE = example("五万人起为紧急", {"reach": 50000, "priority": "urgent"}, request_only=True)


class PublicPostSerializer(serializers.ModelSerializer):
    """一条公开帖子。"""

    author = serializers.SerializerMethodField()
    excerpt = serializers.SerializerMethodField()
    recorded_by = PersonSerializer(allow_null=True)

    class Meta:
        model = PublicPost
        fields = (
            "id", "platform", "url", "author", "reach", "sentiment", "posted_at", "excerpt", "recorded_by",
            "created_at", "updated_at",
        )  # fmt: skip

    def _is_masked(self) -> bool:
        return bool(self.context["request"].user.is_auditor)

    def get_author(self, row: PublicPost) -> str:
        return mask_name(row.author or "") if self._is_masked() else row.author or ""

    def get_excerpt(self, row: PublicPost) -> str:
        return mask_text(row.excerpt or "") if self._is_masked() else row.excerpt or ""


class PublicPostChangeSerializer(StrictSerializer):
    """帖子的内容；网址和平台登记后不变。"""

    author = CleanCharField(max_length=posts.AUTHOR_LENGTH, required=False, allow_blank=True)
    reach = serializers.IntegerField(min_value=0, max_value=posts.LARGEST_REACH, required=False)
    posted_at = MomentField(required=False)
    excerpt = CleanCharField(max_length=posts.EXCERPT_LENGTH, multiline=True, required=False, allow_blank=True)
    sentiment = serializers.ChoiceField(choices=Sentiment.choices, required=False)


class PublicPostCreateSerializer(PublicPostChangeSerializer):
    """登记一条公开帖子；同一网址只登记一次。"""

    platform = serializers.ChoiceField(choices=PostPlatform.choices)
    url = CleanCharField(max_length=posts.URL_LENGTH)
    posted_at = MomentField()


class PostTicketSerializer(StrictSerializer):
    """要关联的投诉。"""

    ticket = TicketField()


class PostUnlinkSerializer(PostTicketSerializer):
    reason = CleanCharField(max_length=posts.REASON_LENGTH)


class PostLinkSerializer(serializers.ModelSerializer):
    """一次关联；解除后 unlinked_at 有值。"""

    ticket_number = serializers.CharField(source="ticket.number")
    ticket_priority = serializers.CharField(source="ticket.priority")
    linked_by = PersonSerializer(allow_null=True)
    unlinked_by = PersonSerializer(allow_null=True)

    class Meta:
        model = PostLink
        fields = (
            "id", "post", "ticket", "ticket_number", "ticket_priority", "linked_by", "linked_at", "unlinked_by",
            "unlinked_at", "unlink_reason",
        )  # fmt: skip


class PublicPostFilter(django_filters.FilterSet):
    platform = django_filters.ChoiceFilter(choices=PostPlatform.choices)
    sentiment = django_filters.ChoiceFilter(choices=Sentiment.choices)
    min_reach = django_filters.NumberFilter(
        field_name="reach", lookup_expr="gte", min_value=0, max_value=posts.LARGEST_REACH, decimal_places=0
    )
    ticket = django_filters.CharFilter(method="of_ticket", max_length=20, label=_("关联的工单"))

    class Meta:
        model = PublicPost
        fields: list[str] = []

    def of_ticket(self, rows: Any, name: str, value: str) -> Any:
        links = PostLink.objects.visible_to(self.request.user).standing()
        return rows.filter(pk__in=of_ticket(links, value).values("post"))


@extend_schema_view(create=extend_schema(examples=[POST_EXAMPLE]))
class PublicPostViewSet(WriteViewSet):
    """公开帖子：登记、修改、与投诉关联；触达人数达到阈值时提高投诉的优先级。"""

    queryset = PublicPost.objects.for_list()
    read_serializer_class = PublicPostSerializer
    serializer_classes = {
        "create": PublicPostCreateSerializer,
        "partial_update": PublicPostChangeSerializer,
        "links": PostTicketSerializer,
        "unlink": PostUnlinkSerializer,
    }
    filterset_class = PublicPostFilter
    ordering = ("-reach", "-id")
    ordering_options = {"-reach": ("-reach", "-id"), "-posted_at": ("-posted_at", "-id")}
    required_permissions = {
        "list": "tickets.view_publicpost",
        "retrieve": "tickets.view_publicpost",
        "create": "tickets.add_publicpost",
        "partial_update": "tickets.change_publicpost",
        "links": "tickets.view_publicpost",
        "unlink": "tickets.link_publicpost",
    }

    def create_instance(self, serializer: Any) -> PublicPost:
        return posts.record_post(actor=self.request.user, values=serializer.validated_data)  # type: ignore[arg-type]

    def update_instance(self, instance: Any, serializer: Any) -> PublicPost:
        return posts.update_post(post=instance, actor=self.request.user, changes=serializer.validated_data)  # type: ignore[arg-type]

    @extend_schema(methods=["GET"], responses=PostLinkSerializer(many=True))
    @extend_schema(
        methods=["POST"], request=PostTicketSerializer, responses={201: PostLinkSerializer}, examples=[LINK_EXAMPLE]
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, ordering=("-id",))
    def links(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """关联的投诉，含已解除的；POST 关联一张投诉，已关联的不变。"""
        post = self.get_object()
        if request.method == "POST":
            made = posts.link(post=post, actor=request.user, **self.validated())  # type: ignore[arg-type]
            return self._shown_link(made, status.HTTP_201_CREATED)
        rows = PostLink.objects.visible_to(request.user).filter(post=post).for_list()
        return self.get_paginated_response(PostLinkSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=PostUnlinkSerializer, responses=PostLinkSerializer, examples=[UNLINK_EXAMPLE])
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """解除关联，须写明原因；已提高的优先级不变。"""
        return self._shown_link(posts.unlink(post=self.get_object(), actor=request.user, **self.validated()))  # type: ignore[arg-type]

    def _shown_link(self, row: PostLink, status_code: int = status.HTTP_200_OK) -> Response:
        fresh = PostLink.objects.for_list().get(pk=row.pk)
        return Response(PostLinkSerializer(fresh).data, status=status_code)


class ReachThresholdSerializer(StrictModelSerializer):
    """触达阈值：关联帖子的触达人数合计达到后，投诉的优先级至少为此，每个阈值只提高一次。"""

    reach = serializers.IntegerField(min_value=1, max_value=posts.LARGEST_REACH)

    class Meta:
        model = ReachThreshold
        fields = ["id", "reach", "priority", "is_active"]


@extend_schema_view(create=extend_schema(examples=[THRESHOLD_EXAMPLE]))
class ReachThresholdViewSet(WriteViewSet):
    """触达阈值：查看与调整。"""

    queryset = ReachThreshold.objects.all()
    visible_to_all = True
    ordering = ("reach",)
    serializer_class = ReachThresholdSerializer
    required_permissions = {
        "list": "tickets.view_reachthreshold",
        "retrieve": "tickets.view_reachthreshold",
        "create": "tickets.add_reachthreshold",
        "partial_update": "tickets.change_reachthreshold",
    }

    def create_instance(self, serializer: Any) -> ReachThreshold:
        return self._save(None, serializer.validated_data)

    def update_instance(self, instance: Any, serializer: Any) -> ReachThreshold:
        return self._save(instance, serializer.validated_data)

    def _save(self, threshold: ReachThreshold | None, values: Any) -> ReachThreshold:
        return posts.save_threshold(threshold=threshold, actor=self.request.user, values=values)  # type: ignore[arg-type]
