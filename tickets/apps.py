from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    label = "tickets"
    verbose_name = _("工单")

    def ready(self) -> None:
        # Registers what lower floors ask of tickets; models must be loaded first.
        from tickets import links

        links.register()
