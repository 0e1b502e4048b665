from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "crm.staff"
    label = "staff"
    verbose_name = _("团队")

    def ready(self) -> None:
        # Registers itself with the OpenAPI generator when imported.
        # What tickets asks of the floor above.
        from crm.staff import peak_words
        from crm.staff.api import schema  # noqa: F401
        from tickets import peak

        peak.register(peak_words.current)
