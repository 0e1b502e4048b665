"""The person behind a request that only signed-in people reach."""

from typing import Any

from crm.staff.models import User


def person_of(request: Any) -> User:
    user = request.user
    assert isinstance(user, User)
    return user
