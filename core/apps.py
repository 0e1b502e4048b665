from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = _("基础")

    def ready(self) -> None:
        """Let every app register its timers, event consumers and outbox senders; register the checks."""
        autodiscover_modules("timers", "consumers", "senders")
        import_module("core.privacy.checks")
        import_module("core.approvals.timers")
        import_module("core.procedures.timers")
        import_module("core.audit.jobs")
        import_module("core.registers.timers")
