"""Rights by codename, per action."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

# Stands in `required_permissions` for "anyone who is signed in".
SIGNED_IN = "*"


class CodenamePermission(BasePermission):
    """Asks the user for the codename that the view names for the action.

    `required_permissions = {"list": "tickets.view_ticket", "create": "tickets.add_ticket"}`; a view
    without actions uses method names ("get", "post"); several codenames in a tuple are all needed.
    An action without an entry is denied.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.is_active):
            return False
        action = action_of(request, view)
        if action is None or request.method == "OPTIONS":
            return True
        needed = getattr(view, "required_permissions", {}).get(action)
        if needed is None:
            return False
        codenames = (needed,) if isinstance(needed, str) else tuple(needed)
        return all(codename == SIGNED_IN or user.has_perm(codename) for codename in codenames)


def action_of(request: Request, view: Any) -> str | None:
    """The viewset's action, or the method's name; None when the view does not know the method (405)."""
    if hasattr(view, "action_map"):
        return view.action
    method = (request.method or "").lower()
    if method == "head" and not hasattr(view, "head"):
        method = "get"
    return method if hasattr(view, method) else None
