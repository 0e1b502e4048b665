"""How long a session lives: 30 minutes idle, 12 hours in all."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from core import clock
from crm.staff.models import User
from crm.staff.second_factor import lacks_second_factor

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=12)
# A session row is written at most this often for being used.
_TOUCH_EVERY = timedelta(seconds=15)
_SEEN_EVERY = timedelta(seconds=60)

_STARTED = "session_started_at"
_USED = "session_used_at"
_SEEN = "person_seen_at"
ENDED = "session_ended"

# What a page does by itself is no sign of a person.
_BACKGROUND_PATHS = ("/events/",)
BACKGROUND_HEADER = "Kean-Background"


class SessionLimitsMiddleware(MiddlewareMixin):
    """Ends sessions that are idle or old, before anybody asks who the user is."""

    def process_request(self, request: HttpRequest) -> None:
        session = request.session
        if SESSION_KEY not in session:
            return
        now = clock.now().timestamp()
        started, used = session.get(_STARTED), session.get(_USED)
        if started is None or used is None:
            _start(session, now)
            return
        idle, age = now - used, now - started
        if idle >= IDLE_LIMIT.total_seconds() or age >= ABSOLUTE_LIMIT.total_seconds():
            session.flush()
            session[ENDED] = True
        elif idle >= _TOUCH_EVERY.total_seconds() and not _in_background(request):
            session[_USED] = now
            _see_person(session, now)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A login in this very request starts the clocks; an answer to htmx sends the whole page to the login."""
        session = request.session
        if SESSION_KEY in session and _STARTED not in session:
            _start(session, clock.now().timestamp())
        if _is_login_redirect(request, response):
            answer = HttpResponse(status=204)
            answer["HX-Redirect"] = settings_login_url()
            return answer
        return response


class SecondFactorMiddleware(MiddlewareMixin):
    """Roles that must have a second factor are led to setting it up before anything else."""

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponseBase | None:
        if not settings.SECOND_FACTOR_ROLES or request.path.startswith(("/accounts/", "/api/", "/static/")):
            return None
        user = request.user
        if isinstance(user, User) and lacks_second_factor(user, request.session):
            return redirect(reverse("mfa_activate_totp"))
        return None


def settings_login_url() -> str:
    return reverse(settings.LOGIN_URL)


def _start(session: SessionBase, now: float) -> None:
    session[_STARTED] = now
    session[_USED] = now
    _see_person(session, now)


def _see_person(session: SessionBase, now: float) -> None:
    """Remember on the person's row, once a minute, that somebody is there."""
    if now - session.get(_SEEN, 0) >= _SEEN_EVERY.total_seconds():
        session[_SEEN] = now
        User.objects.filter(pk=session[SESSION_KEY]).update(last_seen_at=clock.now())


def _in_background(request: HttpRequest) -> bool:
    return BACKGROUND_HEADER in request.headers or request.path.startswith(_BACKGROUND_PATHS)


def _is_login_redirect(request: HttpRequest, response: HttpResponseBase) -> bool:
    return (
        response.status_code == 302
        and request.headers.get("HX-Request") == "true"
        and response.headers.get("Location", "").startswith(settings_login_url())
    )
