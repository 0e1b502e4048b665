from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from crm.integrations.models import Webhook


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: Any) -> "WebhookQuerySet":
        """Those who hold the right to look see all that are not deleted; a webhook belongs to the house."""
        if not user.has_perm("integrations.view_webhook"):
            return self.none()
        return self.filter(deleted_at=None)

    def listening(self) -> "WebhookQuerySet":
        """Switched on and not deleted."""
        return self.filter(disabled_at=None, deleted_at=None)
