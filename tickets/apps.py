from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class TicketsConfig(AppConfig):
    name = "tickets"
    label = "tickets"
    verbose_name = pgettext_lazy("many", "工单")

    def ready(self) -> None:
        # Registers what lower floors ask of tickets; models must be loaded first.
        from core.privacy.written import register_form
        from tickets import empowerment, links
        from tickets.models import InboundMessage
        from tickets.procedures import kind as procedure_kind
        from tickets.services.email import mask_payload

        links.register()
        register_form(InboundMessage, "payload", mask_payload)
        empowerment.register()
        procedure_kind.register()
