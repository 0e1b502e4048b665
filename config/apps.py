"""The app that wires everything: it has no models, only the system checks of the whole."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        """Register the checks."""
        from config import checks  # noqa: F401 (registering is what importing it does)
