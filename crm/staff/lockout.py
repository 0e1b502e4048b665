"""Lock-out after wrong passwords: five wrong, fifteen minutes, per account and per address."""

import unicodedata
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.db.models import QuerySet
from django.http import HttpRequest


def normal_username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The account that is meant, whatever case or width it was typed in: `AGENT` shares the count of `agent`."""
    given = (credentials or {}).get("username") or request.POST.get("login") or ""
    return unicodedata.normalize("NFKC", str(given)).strip().casefold()[:255]


class LockoutHandler(AxesDatabaseHandler):
    """Counts in the database, so that a flushed cache forgives nobody."""

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """A right password clears its own account's count only. Clearing the address too would let
        somebody with an account of their own go on guessing at others."""
        deleted, _by_model = AccessAttempt.objects.filter(username=normal_username(request, credentials)).delete()
        return deleted

    def get_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> list[QuerySet[AccessAttempt]]:
        """What still counts: the lock opens at the full fifteen minutes, not a moment after."""
        threshold = get_cool_off_threshold(request)
        return [
            attempts.filter(attempt_time__gt=threshold) for attempts in self.filter_user_attempts(request, credentials)
        ]
