"""Articles over HTTP: thin views over the services."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import example
from core.versions.api import VersionedViewSet, rights, version_schemas
from core.versions.services import usable_version
from knowledge import services
from knowledge.api.filters import ArticleFilter
from knowledge.api.serializers import (
    ArticleCreateSerializer,
    ArticleSerializer,
    ArticleUpdateSerializer,
    ArticleVersionSerializer,
    RateSerializer,
)
from knowledge.models import Article, ArticleVersion
from knowledge.search import ARTICLES

CREATE = example(
    "退货运费说明",
    {"key": "KB-0012", "title": "七天无理由退货的运费由谁承担", "category": "退换货", "audience": "public"},
    request_only=True,
)
DRAFT = example(
    "第一版", {"body": "七天无理由退货，来回运费由买家承担；质量问题由商家承担。", "note": "首版"}, request_only=True
)


@extend_schema_view(
    create=extend_schema(examples=[CREATE]),
    **version_schemas("articles", ArticleVersionSerializer, examples=[DRAFT]),
)
class ArticleViewSet(VersionedViewSet):
    """知识文章：编写、审核、发布、检索。"""

    model = Article
    corpus = ARTICLES
    filterset_class = ArticleFilter
    read_serializer_class = ArticleSerializer
    version_serializer_class = ArticleVersionSerializer
    serializer_classes = {"create": ArticleCreateSerializer, "partial_update": ArticleUpdateSerializer}
    required_permissions = rights(Article, ArticleVersion) | {"rate": "knowledge.rate_article"}

    def create_item(self, data: dict[str, Any]) -> Article:
        return services.create_article(actor=self.request.user, **data)

    def update_instance(self, instance: Any, serializer: Any) -> Article:
        changes = serializer.validated_data
        return services.update_article(article=instance, actor=self.request.user, changes=changes)

    @extend_schema(request=RateSerializer, responses=RateSerializer)
    @action(detail=True, methods=["post"])
    def rate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """当前版本对我有没有帮助；再次评价以最后一次为准。"""
        article = self.get_object()
        serializer = RateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        vote = services.vote_helpful(
            version=usable_version(article), actor=request.user, is_helpful=serializer.validated_data["is_helpful"]
        )
        return Response(RateSerializer(vote).data)
