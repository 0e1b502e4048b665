"""Files over HTTP: the same import and export for orders and for parcels (docs/exchange.md)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

from django.core.files.uploadedfile import UploadedFile
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import StrictSerializer
from core.exports import CONTENT_TYPES, Column, export_response
from core.filefields import FileResult
from customers.periods import PARAMETERS, within_days

EXPORT_RIGHT = "customers.export_order"


class FileModule(Protocol):
    """What a module of a kind of file offers."""

    EXPORT_COLUMNS: Sequence[Column]
    MOMENT: str
    import_file: Callable[..., FileResult]
    lines_of: Callable[[Any], Iterator[Any]]


class FileSerializer(StrictSerializer):
    file = serializers.FileField(help_text=_("CSV（UTF-8 或 GB18030）、XLSX 或 JSONL"))


class FileResultSerializer(serializers.Serializer):
    """taken 为写入的张数，其中 made 为新建；有错的行列在 errors，其余照常写入。"""

    class LineFault(serializers.Serializer):
        line = serializers.IntegerField()
        field = serializers.CharField()
        reason = serializers.CharField()

    lines = serializers.IntegerField()
    taken = serializers.IntegerField()
    made = serializers.IntegerField()
    errors = LineFault(many=True)  # type: ignore[assignment]


class FileExchange:
    """Adds `import/` and `export/` to a resource; the subclass names the module of its files."""

    file_module: ClassVar[FileModule]
    file_kind: ClassVar[str]
    extra_query_parameters: ClassVar[dict[str, tuple[str, ...]]] = {"export": (*PARAMETERS, "file_format")}

    @extend_schema(request={"multipart/form-data": FileSerializer}, responses=FileResultSerializer)
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[MultiPartParser])
    def import_file(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """导入文件。表头不对答 400 并指出缺少和不认识的列；重复导入不会重复登记。"""
        upload: UploadedFile = self.validated()["file"]  # type: ignore[attr-defined]
        return Response(FileResultSerializer(self.file_module.import_file(upload=upload, actor=request.user)).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description=_("从这一天起（含）")),
            OpenApiParameter("to", OpenApiTypes.DATE, description=_("到这一天止（含）")),
            OpenApiParameter("file_format", str, enum=list(CONTENT_TYPES), description=_("默认 csv")),
        ],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def export(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """导出文件，个人信息脱敏。"""
        rows = within_days(self.get_queryset(), self.file_module.MOMENT, request.query_params)  # type: ignore[attr-defined]
        return export_response(
            request._request,
            rows=self.file_module.lines_of(rows),
            columns=self.file_module.EXPORT_COLUMNS,
            permission=EXPORT_RIGHT,
            kind=self.file_kind,
            file_format=request.query_params.get("file_format", "csv"),
        )
