"""What a service refuses is told to people as a sentence, on every page."""

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
