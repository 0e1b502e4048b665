"""The page of a guest from outside: what is marked for guests of one room, and an answer where the link allows it."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.errors import DomainError, RateLimited
from core.rate_limits import client_ip
from tickets.forms import CleanTextField
from tickets.rooms import guests, rooms


class GuestAnswerForm(forms.Form):
    """What a guest writes."""

    text = CleanTextField(
        label=_("答复"),
        max_length=rooms.TEXT_LENGTH,
        multiline=True,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def room_guest(request: HttpRequest, token: str) -> HttpResponse:
    """Every call is a visit and is kept. Refusals say nothing about the room behind the link."""
    address = client_ip(request)
    form = GuestAnswerForm(request.POST if request.method == "POST" else None)
    try:
        guest = guests.enter(token=token, address=address)
        if request.method == "POST" and form.is_valid():
            guests.answer(guest=guest, text=form.cleaned_data["text"], address=address)
            return _private(redirect("room_guest", token=token))
    except DomainError as error:
        return _refused(request, error)
    context: dict[str, Any] = {"guest": guest, "room": guest.room, "entries": guests.shown_to(guest), "form": form}
    return _private(render(request, "tickets/room_guest.html", context, status=400 if form.errors else 200))


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    response = _private(render(request, "tickets/room_closed.html", {"sentence": error.message}, status=error.status))
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.extra["retry_after"])
    return response


def _private(response: HttpResponse) -> HttpResponse:
    """The address is the key: it must not travel on with a link, nor into an index.

    Not "no-referrer": with it a browser sends `Origin: null` and every answer would be refused.
    """
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
