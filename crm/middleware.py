"""Refusals on every page: what a service refuses becomes a sentence, what no column can hold never reaches one."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from core.errors import DomainError


class RefusalMiddleware(MiddlewareMixin):
    """Answers a DomainError that a page view did not catch: JSON to htmx (app.js shows the sentence),
    a page to everybody else. The API has its own handler and never comes here."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        if request.headers.get("HX-Request") == "true":
            body = {"code": exception.code, "message": exception.message, "fields": exception.fields}
            return JsonResponse(body, status=exception.status)
        context = {"sentence": exception.message}
        return render(request, "crm/refused.html", context, status=exception.status)


class StorableTextMiddleware(MiddlewareMixin):
    """Answers 400 to a NUL in an address or a form: no person types it, and no column holds it.

    The API says itself which field is at fault; its views bear their class (rest_framework.views).
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if hasattr(view, "cls"):
            return
        given = [word for data in (request.GET, request.POST) for _name, words in data.lists() for word in words]
        if any("\x00" in word for word in (request.path, *given)):
            raise SuspiciousOperation("NUL in the address or the form.")
