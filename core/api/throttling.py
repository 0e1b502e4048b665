"""Rate limits of the API and the public forms."""

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.rate_limits import Limit, client_ip, hit


class WindowThrottle(BaseThrottle):
    """A limit applied to whoever `identity` names."""

    limit: ClassVar[Limit]

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        self._wait = hit(self.current_limit(), self.identity(request))
        return self._wait == 0

    def wait(self) -> int:
        return self._wait

    def current_limit(self) -> Limit:
        return self.limit

    def identity(self, request: Request) -> str:
        return f"ip:{client_ip(request)}"


class ApiThrottle(WindowThrottle):
    """600 calls a minute for each token, signed-in person or, without either, address."""

    def current_limit(self) -> Limit:
        return Limit("api", calls=settings.API_CALLS_PER_MINUTE, seconds=60, closes=False)

    def identity(self, request: Request) -> str:
        token = request.auth
        if token is not None:
            return f"token:{getattr(token, 'pk', None) or hashlib.sha256(str(token).encode()).hexdigest()}"
        if request.user and request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return super().identity(request)


class PublicFormThrottle(WindowThrottle):
    """10 calls a minute for each address; shut while Redis is away."""

    limit = Limit("public", calls=10, seconds=60, closes=True)


class LoginThrottle(WindowThrottle):
    """5 calls a minute for each address; shut while Redis is away."""

    limit = Limit("login", calls=5, seconds=60, closes=True)
