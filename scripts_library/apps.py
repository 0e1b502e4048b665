from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScriptsLibraryConfig(AppConfig):
    name = "scripts_library"
    label = "scripts_library"
    verbose_name = _("话术库")

    def ready(self) -> None:
        from scripts_library import proactive  # models are ready only now

        proactive.register()
