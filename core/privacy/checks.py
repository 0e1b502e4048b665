"""Refuses to start where personal data would have no key of its own."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from core.privacy.keys import blind_index, key_ring


@checks.register(checks.Tags.security)
def privacy_keys(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Errors for missing or malformed keys; a warning when one of them is given and the other derived."""
    found: list[checks.CheckMessage] = []
    for number, probe in ((102, key_ring), (103, lambda: blind_index("check", "check"))):
        try:
            probe()
        except ImproperlyConfigured as error:
            found.append(checks.Error(str(error), id=f"core.E{number}"))
    if bool(settings.PRIVACY_KEYS) != bool(settings.PRIVACY_INDEX_KEY) and not found:
        hint = "Set both KEAN_PRIVACY_KEYS and KEAN_PRIVACY_INDEX_KEY."
        found.append(checks.Warning("Only one of the privacy keys is set.", hint=hint, id="core.W104"))
    return found
