"""Authentication by username and password; rights by role."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Model, QuerySet

from crm.staff.choices import Role
from crm.staff.models import User
from crm.staff.roles import ROLE_PERMISSIONS, role_enters, role_may


class RoleBackend(ModelBackend):
    """Answers every question about rights from `ROLE_PERMISSIONS`, without a query."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        return bool(user_obj.is_active) and role_may(getattr(user_obj, "role", ""), perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return bool(user_obj.is_active) and role_enters(getattr(user_obj, "role", ""), app_label)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """The role's line of the table; patterns stay patterns."""
        return set(ROLE_PERMISSIONS.get(getattr(user_obj, "role", ""), ())) if user_obj.is_active else set()

    def get_user_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return self.get_all_permissions(user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return set()

    def with_perm(self, perm: Any, *args: Any, **kwargs: Any) -> QuerySet[User]:
        """Active people whose role holds the codename."""
        codename = perm if isinstance(perm, str) else f"{perm.content_type.app_label}.{perm.codename}"
        return User.objects.filter(is_active=True, role__in=[role for role in Role.values if role_may(role, codename)])
