from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class TicketsConfig(AppConfig):
    name = "tickets"
    label = "tickets"
    verbose_name = pgettext_lazy("many", "工单")

    def ready(self) -> None:
        # Registers what lower floors ask of tickets; models must be loaded first.
        from tickets import empowerment, links

        links.register()
        empowerment.register()
