"""The OpenAPI document, and the answer to addresses that do not exist."""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.views.defaults import page_not_found
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.errors import not_found_view


@lru_cache(maxsize=len(settings.LANGUAGES))
def document(language: str) -> dict[str, Any]:
    """The document in a language of the product. Writing it takes most of a second; it changes only with the code."""
    with translation.override(language):
        written = SchemaGenerator().get_schema(request=None, public=True)
        plain: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(written))
    return plain


class SchemaView(SpectacularAPIView):
    """OpenAPI 3 as YAML or JSON; `?lang=` chooses the language."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = request.query_params.get("lang") or translation.get_language()
        language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        disposition = f'inline; filename="{self._get_filename(request, None)}"'
        return Response(document(language), headers={"Content-Disposition": disposition})


def not_offered(request: HttpRequest) -> HttpResponse:
    """An address of a package that this product does without."""
    raise Http404


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """JSON below /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        return not_found_view(request, exception)
    return page_not_found(request, exception)
