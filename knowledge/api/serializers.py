"""Shapes of articles over HTTP."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.api.people import PersonSerializer
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.versions.api import VERSION_FIELDS, VersionSerializer
from core.versions.services import BODY_LIMIT
from knowledge.choices import Audience
from knowledge.models import Article, ArticleVersion


class ArticleVersionSerializer(VersionSerializer):
    class Meta:
        model = ArticleVersion
        fields = VERSION_FIELDS
        read_only_fields = fields


class ArticleSerializer(StrictModelSerializer):
    """知识文章。`live_version` 是当前对外使用的版本，没有则为 null。"""

    doc_id = serializers.CharField(source="key", read_only=True)
    owner = PersonSerializer(read_only=True, allow_null=True)
    live_version = ArticleVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Article
        fields = [
            "id",
            "key",
            "doc_id",
            "title",
            "collection",
            "category",
            "product",
            "audience",
            "owner",
            "live_version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class ArticleUpdateSerializer(StrictSerializer):
    title = CleanCharField(max_length=200)
    category = CleanCharField(max_length=100, required=False, allow_blank=True)
    product = CleanCharField(max_length=100, required=False, allow_blank=True)
    audience = serializers.ChoiceField(choices=Audience.choices, required=False)
    owner = serializers.PrimaryKeyRelatedField(queryset=get_user_model()._default_manager.all(), required=False)


class ArticleCreateSerializer(ArticleUpdateSerializer):
    """新文章。编号写在 key 或 doc_id；带 body 时同时建立第一份草稿。"""

    key = CleanCharField(max_length=100, required=False)
    doc_id = CleanCharField(max_length=100, required=False)
    collection = CleanCharField(max_length=100, required=False, allow_blank=True)
    body = CleanCharField(max_length=BODY_LIMIT, required=False, multiline=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The key under its two names."""
        keys = {attrs.pop(name) for name in ("key", "doc_id") if name in attrs}
        if len(keys) != 1:
            raise serializers.ValidationError({"key": [_("请填写一个编号。")]})
        return {**attrs, "key": keys.pop()}


class RateSerializer(StrictSerializer):
    is_helpful = serializers.BooleanField()
