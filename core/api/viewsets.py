"""The base of every REST resource."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from core.api.filters import refuse_unknown_parameters
from core.api.idempotency import IdempotentCreateMixin
from core.api.serializers import NothingSerializer

_LARGEST_ID = 2**63 - 1


class KeanViewSet(IdempotentCreateMixin, GenericViewSet):
    """Rows the caller may see, strict input, cursor pages, rights by action.

    A subclass names:
    * `model` (or `queryset`): its manager answers `visible_to(user)`; `visible_to_all = True` for
      models without sight rules (labels, shops);
    * `required_permissions`: codename by action; an action that is missing is denied;
    * `read_serializer_class`: how a row is shown; `serializer_classes`: what an action reads,
      by action, `serializer_class` for the rest;
    * `filterset_class`, `ordering`, `ordering_options`, `extra_query_parameters` where needed.
    """

    model: ClassVar[type[Model] | None] = None
    visible_to_all: ClassVar[bool] = False
    required_permissions: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    serializer_classes: ClassVar[Mapping[str, type[BaseSerializer]]] = {}
    read_serializer_class: ClassVar[type[BaseSerializer] | None] = None
    extra_query_parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    ordering_options: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action not in ("list", None):  # None: a method the address does not serve, answered with 405
            refuse_unknown_parameters(request, self, ())

    def get_queryset(self) -> QuerySet[Any]:
        queryset = self._all_rows()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        if self.visible_to_all:
            return queryset
        visible_to = getattr(queryset, "visible_to", None)
        if visible_to is None:
            raise ImproperlyConfigured(f"{type(self).__name__}: the queryset has no visible_to(user).")
        visible: QuerySet[Any] = visible_to(self.request.user)
        return visible

    def _all_rows(self) -> QuerySet[Any]:
        source: Any = self
        if source.queryset is not None:
            return source.queryset.all()  # type: ignore[no-any-return]
        if source.model is None:
            raise ImproperlyConfigured(f"{type(self).__name__} names neither model nor queryset.")
        return source.model._default_manager.all()  # type: ignore[no-any-return]

    def lookup_filter(self, value: str) -> Q:
        """The row that the last part of the address means. Anything but a possible id is 404."""
        if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= _LARGEST_ID):
            raise Http404
        return Q(pk=int(value))

    def get_object(self) -> Any:
        """The row of the address among those the caller may see; else 404."""
        condition = self.lookup_filter(self.kwargs[self.lookup_url_kwarg or self.lookup_field])
        instance = self.get_queryset().filter(condition).first()
        if instance is None:
            raise Http404
        self.check_object_permissions(self.request, instance)
        return instance

    def get_serializer_class(self) -> type[BaseSerializer]:
        if self.action in self.serializer_classes:
            return self.serializer_classes[self.action]
        if self.action in ("list", "retrieve") or self.serializer_class is None:
            return self.get_read_serializer_class()
        return self.serializer_class

    def get_read_serializer_class(self) -> type[BaseSerializer]:
        """How a row is shown, also after it was written; a list may show less of it."""
        shown = self.read_serializer_class or self.serializer_class
        if self.action == "list":
            shown = self.serializer_classes.get("list", shown)
        if shown is None:
            raise ImproperlyConfigured(f"{type(self).__name__} names no serializer.")
        return shown

    def validated(self, *, partial: bool = False, instance: Any = None) -> Any:
        """The checked input of the request, or 400."""
        serializer = self.get_serializer(instance, data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def nothing_given(self) -> None:
        """For an action that takes no input: 400 for every field that came along."""
        NothingSerializer(data=self.request.data).is_valid(raise_exception=True)

    def shown(self, instance: Any, *, status_code: int = status.HTTP_200_OK) -> Response:
        """The answer that shows a row."""
        serializer = self.get_read_serializer_class()(instance, context=self.get_serializer_context())
        return Response(serializer.data, status=status_code)


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, KeanViewSet):
    """List and detail."""


class CreateMixin:
    """POST to the list: `create_instance` writes, usually through a service."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)  # type: ignore[attr-defined]
        serializer.is_valid(raise_exception=True)
        return self.shown(  # type: ignore[attr-defined,no-any-return]
            self.create_instance(serializer), status_code=status.HTTP_201_CREATED
        )

    def create_instance(self, serializer: BaseSerializer) -> Any:
        """Write the new row and return it."""
        return serializer.save()


class UpdateMixin:
    """PATCH on a row: `update_instance` writes, usually through a service."""

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()  # type: ignore[attr-defined]
        serializer = self.get_serializer(instance, data=request.data, partial=True)  # type: ignore[attr-defined]
        serializer.is_valid(raise_exception=True)
        return self.shown(self.update_instance(instance, serializer))  # type: ignore[attr-defined,no-any-return]

    def update_instance(self, instance: Any, serializer: BaseSerializer) -> Any:
        """Write the changes and return the row."""
        return serializer.save()


class WriteViewSet(CreateMixin, UpdateMixin, ReadViewSet):
    """List, detail, POST and PATCH."""
