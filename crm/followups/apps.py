from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FollowupsConfig(AppConfig):
    name = "crm.followups"
    label = "followups"
    verbose_name = _("回访")

    def ready(self) -> None:
        from crm.followups import receivers  # noqa: F401 — models exist only now
