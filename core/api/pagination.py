"""Cursor pages of the API: {"next", "previous", "results"}."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.keyset import BadCursor, Page, read_page
from core.wording import listed

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
DEFAULT_ORDERING = ("-id",)


class KeysetPagination(BasePagination):
    """Pages by keyset (see core/keyset.py).

    A view says `ordering = ("-created_at", "-id")`, and may offer others by name:
    `ordering_options = {"-created_at": ("-created_at", "-id"), "sla": ("next_due_at", "id")}`.
    """

    query_parameters = ("cursor", "page_size")
    page_size = DEFAULT_PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self._base_url = request.build_absolute_uri()
        size = self._page_size(request)
        ordering = chosen_ordering(request, view)
        cursor = request.query_params.get("cursor") or None
        try:
            self.page: Page[Any] = read_page(queryset, ordering=ordering, cursor=cursor, size=size)
        except BadCursor:
            raise ValidationError({"cursor": [_("翻页标记无效，请从第一页重新开始。")]}) from None
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self._link(self.page.next), "previous": self._link(self.page.previous)}
        return Response({**links, "results": data})

    def _link(self, cursor: str | None) -> str | None:
        return replace_query_param(self._base_url, "cursor", cursor) if cursor else None

    def _page_size(self, request: Request) -> int:
        raw = request.query_params.get("page_size", "")
        if raw == "":
            return self.page_size
        if not (raw.isascii() and raw.isdigit() and len(raw) < 5 and 1 <= int(raw) <= self.max_page_size):
            raise ValidationError({"page_size": [_("每页条数须在 1 到 {most} 之间。").format(most=self.max_page_size)]})
        return int(raw)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": dict(link), "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        parameters = [
            _parameter("cursor", gettext_lazy("翻页标记，取自 next 或 previous。"), {"type": "string"}),
            _parameter("page_size", gettext_lazy("每页条数。"), size),
        ]
        if options := ordering_options(view):
            schema = {"type": "string", "enum": sorted(options)}
            parameters.append(_parameter("ordering", gettext_lazy("排序方式。"), schema))
        return parameters


def _parameter(name: str, description: Any, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": str(description), "schema": schema}


def ordering_options(view: Any) -> dict[str, tuple[str, ...]]:
    """The orderings a view offers by name."""
    return getattr(view, "ordering_options", None) or {}


def chosen_ordering(request: Request, view: Any) -> tuple[str, ...]:
    """The ordering asked for with ?ordering=, else the view's own; an unknown name is refused."""
    asked = request.query_params.get("ordering", "")
    if asked:
        options = ordering_options(view)
        if asked not in options:
            choices = listed(sorted(options)) or "-"
            raise ValidationError({"ordering": [_("不支持的排序方式，可用：{choices}").format(choices=choices)]})
        return tuple(options[asked])
    return tuple(getattr(view, "ordering", None) or DEFAULT_ORDERING)
