from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "crm.insights"
    label = "insights"
    verbose_name = _("报表")

    def ready(self) -> None:
        """What records of the registers may point at; the models are loaded by now."""
        import_module("crm.insights.registers").register_all()
