"""Whether a person has, or must have, a second factor."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from crm.staff.models import User

_KNOWN = "second_factor_known"


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def lacks_second_factor(user: User, session: SessionBase) -> bool:
    """True when the role demands a second factor and the person has none. Asked once a session."""
    if user.role not in settings.SECOND_FACTOR_ROLES or session.get(_KNOWN):
        return False
    if has_second_factor(user):
        session[_KNOWN] = True
        return False
    return True
