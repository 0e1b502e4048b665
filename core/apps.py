from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = _("基础")

    def ready(self) -> None:
        from core.privacy import checks  # noqa: F401  (registers itself; models must be loaded first)
