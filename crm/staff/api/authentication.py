"""`Authorization: Token <key>`."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm.staff import token_cache
from crm.staff.models import ApiToken, User


class ApiTokenAuthentication(BaseAuthentication):
    """Speaks for the key's person. A wrong, revoked or expired key, and a key of somebody who was
    deactivated, are one and the same 401."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != self.keyword.lower().encode():
            return None
        token = token_cache.find(key.strip().decode("ascii", "replace"))
        if token is None:
            raise AuthenticationFailed(_("令牌无效或已失效。"))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
