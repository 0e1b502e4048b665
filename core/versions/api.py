"""What scripts and articles share over HTTP: versions, their verbs, and ranked lists."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, Q
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import CleanCharField, MomentField
from core.api.people import PersonSerializer
from core.api.schema import example
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.api.viewsets import WriteViewSet
from core.ranking.corpus import Corpus
from core.ranking.scoring import rank
from core.versions import services
from core.versions.choices import MOVES
from core.versions.diff import diff_texts
from core.versions.models import Version, VersionedItem

_NUMBER = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)
_VERB = OpenApiParameter("verb", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(MOVES))
_LARGEST_NUMBER = 2**31 - 1

#: Who stands on a version.
VERSION_PEOPLE = ("author", "submitter", "reviewer", "publisher")
VERSION_FIELDS = [
    "id",
    "number",
    "title",
    "body",
    "status",
    "origin",
    "note",
    "reject_reason",
    "author",
    "submitter",
    "reviewer",
    "publisher",
    "created_at",
    "submitted_at",
    "reviewed_at",
    "published_at",
    "retired_at",
    "valid_from",
    "valid_until",
    "allowed",
]


class VersionWriteSerializer(StrictSerializer):
    """新版本的内容；标题留空则沿用。"""

    title = CleanCharField(max_length=200, required=False, allow_blank=True)
    body = CleanCharField(max_length=services.BODY_LIMIT, multiline=True)
    note = CleanCharField(max_length=500, required=False, allow_blank=True)
    valid_from = MomentField(required=False, allow_null=True)
    valid_until = MomentField(required=False, allow_null=True)


class VersionSerializer(StrictModelSerializer):
    """一个版本。`allowed` 是从当前状态可执行的动作。"""

    author = PersonSerializer(read_only=True, allow_null=True)
    submitter = PersonSerializer(read_only=True, allow_null=True)
    reviewer = PersonSerializer(read_only=True, allow_null=True)
    publisher = PersonSerializer(read_only=True, allow_null=True)
    write_serializer_class: ClassVar[type[VersionWriteSerializer]] = VersionWriteSerializer
    allowed = serializers.ListField(
        source="allowed_moves", read_only=True, child=serializers.ChoiceField(choices=list(MOVES))
    )


class MoveSerializer(StrictSerializer):
    """驳回须写理由；其他动作不需要内容。"""

    reason = CleanCharField(max_length=500, required=False, allow_blank=True, multiline=True)


class PieceSerializer(serializers.Serializer):
    operation = serializers.ChoiceField(choices=["equal", "removed", "added"])
    text = serializers.CharField()


class VersionedViewSet(ABC, WriteViewSet):
    """Items by id or key; their versions by number; one address per verb."""

    #: The field that holds what a version says.
    content: ClassVar[str] = "body"

    #: None: found by the words of key and title, not ranked.
    corpus: ClassVar[Corpus | None] = None
    version_serializer_class: ClassVar[type[VersionSerializer]]
    extra_query_parameters = {"diff": ("against",)}
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> Any:
        people = (f"live_version__{role}" for role in VERSION_PEOPLE)
        rows: Any = super().get_queryset().select_related("owner", "live_version", *people)
        return rows if self.corpus is None else rows.defer("search")

    def lookup_filter(self, value: str) -> Q:
        """The id, or else the key."""
        try:
            by_id = super().lookup_filter(value)
        except Http404:
            return Q(key=value)
        return by_id if self.get_queryset().filter(by_id).exists() else Q(key=value)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With ?search=, the live ones that fit best on one page; else all, page by page."""
        search = request.query_params.get("search", "").strip()
        if not search or self.corpus is None:
            return super().list(request, *args, **kwargs)
        rows = self.filter_queryset(self.get_queryset())
        ids = rank(
            corpus=self.corpus,
            eligible=rows.live(),
            query=search,
            collection=request.query_params.get("collection"),
            limit=self.paginator._page_size(request),  # type: ignore[union-attr]
        )
        found = {row.pk: row for row in rows.filter(pk__in=ids)}
        serializer = self.get_serializer([found[pk] for pk in ids], many=True)
        return Response({"next": None, "previous": None, "results": serializer.data})

    def create_instance(self, serializer: Any) -> Any:
        """The item and, when its content came with it, its first draft."""
        data = dict(serializer.validated_data)
        content = data.pop(self.content, None)
        with transaction.atomic():
            item = self.create_item(data)
            if content not in (None, ""):
                self.draft_first(item, content)
        return item

    def draft_first(self, item: Any, content: Any) -> None:
        services.draft_version(item=item, actor=self.request.user, body=content)

    @abstractmethod
    def create_item(self, data: dict[str, Any]) -> Any:
        """The identity row, by the service of its floor."""

    @action(detail=True, methods=["get", "post"], filterset_class=None, ordering=("-number",))
    def versions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """全部可见版本，新的在前；POST 新建草稿。"""
        item = self.get_object()
        if request.method == "POST":
            serializer = self.version_serializer_class.write_serializer_class(data=request.data)
            serializer.is_valid(raise_exception=True)
            version = services.draft_version(item=item, actor=request.user, **serializer.validated_data)
            return self._shown_version(version, status.HTTP_201_CREATED)
        rows = self._versions(item)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.version_serializer_class(page, many=True).data)

    @action(detail=True, methods=["get", "patch"], url_path=r"versions/(?P<number>[0-9]+)")
    def version(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """一个版本；PATCH 修改自己的草稿。"""
        version = self._version()
        if request.method == "PATCH":
            serializer = self.version_serializer_class.write_serializer_class(data=request.data, partial=True)
            serializer.is_valid(raise_exception=True)
            changes = {name: value for name, value in serializer.validated_data.items() if name != "title" or value}
            version = services.edit_draft(version=version, actor=request.user, changes=changes)
        return self._shown_version(version)

    @action(
        detail=True,
        methods=["post"],
        url_path=rf"versions/(?P<number>[0-9]+)/(?P<verb>{'|'.join(MOVES)})",
        serializer_class=MoveSerializer,
    )
    def move(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """提交、通过、驳回、发布或下线一个版本。"""
        serializer = MoveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        reason = {"reason": serializer.validated_data.get("reason", "")} if kwargs["verb"] == "reject" else {}
        verb = getattr(services, kwargs["verb"])
        return self._shown_version(verb(version=self._version(), actor=request.user, **reason))

    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>[0-9]+)/diff", pagination_class=None)
    def diff(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """与另一版本（默认前一版）相比的改动。"""
        version = self._version()
        rows = self._versions(version.item)  # type: ignore[attr-defined]
        against = request.query_params.get("against", "")
        if against:
            older = rows.filter(number=_number(against)).first()
            if older is None:
                raise Http404
        else:
            older = rows.filter(number__lt=version.number).order_by("-number").first()
        pieces = diff_texts(older.body if older else "", version.body)
        return Response(PieceSerializer(pieces, many=True).data)

    def _versions(self, item: VersionedItem) -> Any:
        model = services.version_model(type(item))
        rows = model._default_manager.filter(item=item).visible_to(self.request.user)  # type: ignore[attr-defined]
        return rows.select_related("item", *VERSION_PEOPLE)

    def _version(self) -> Version:
        version: Version | None = (
            self._versions(self.get_object()).filter(number=_number(self.kwargs["number"])).first()
        )
        if version is None:
            raise Http404
        return version

    def _shown_version(self, version: Version, status_code: int = status.HTTP_200_OK) -> Response:
        return Response(self.version_serializer_class(version).data, status=status_code)


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 11 and int(given) <= _LARGEST_NUMBER):
        raise Http404
    return int(given)


def version_schemas(name: str, shown: type[VersionSerializer], examples: Sequence[Any]) -> dict[str, Any]:
    """For `extend_schema_view`: what the version addresses take and answer, `shown` being the version's shape."""
    taken = shown.write_serializer_class
    refusal = example("驳回", {"reason": "退款时效与规则不符"}, request_only=True)
    against = OpenApiParameter("against", OpenApiTypes.INT, description=str(_("与哪一版本比较，默认前一版")))
    return {
        "versions": _both(
            extend_schema(methods=["GET"], filters=False, responses=shown(many=True)),
            extend_schema(methods=["POST"], request=taken, responses={201: shown}, examples=examples),
        ),
        "version": _both(
            extend_schema(methods=["GET"], parameters=[_NUMBER], responses=shown),
            extend_schema(methods=["PATCH"], parameters=[_NUMBER], request=taken, responses=shown),
        ),
        "move": extend_schema(
            operation_id=f"{name}_versions_move",
            parameters=[_NUMBER, _VERB],
            request=MoveSerializer,
            responses=shown,
            examples=[refusal],
        ),
        "diff": extend_schema(parameters=[_NUMBER, against], responses=PieceSerializer(many=True)),
    }


def _both(first: Any, second: Any) -> Any:
    return lambda method: second(first(method))


def rights(item: type[Model], version: type[Model]) -> dict[str, str]:
    """Codenames by action. The verbs' own rights (review, publish) are asked for by the services."""
    app, name, versions = item._meta.app_label, item._meta.model_name, version._meta.model_name
    view_version = f"{app}.view_{versions}"
    return {
        "list": f"{app}.view_{name}",
        "retrieve": f"{app}.view_{name}",
        "create": f"{app}.add_{name}",
        "partial_update": f"{app}.change_{name}",
        "versions": view_version,
        "version": view_version,
        "diff": view_version,
        "move": view_version,
    }
