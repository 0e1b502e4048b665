"""Published scripts as the words of notices that the floor below sends by itself."""

from collections.abc import Mapping

from core.errors import Conflict
from core.versions.services import usable_version
from customers.shipments.wording import Words, register_script_source
from scripts_library.models import ScriptTemplate
from scripts_library.placeholders import render


def script_words(key: str, values: Mapping[str, str]) -> Words | None:
    """The script of that key filled; None when none is in force, or a placeholder has no value here."""
    script = ScriptTemplate.objects.select_related("live_version").filter(key=key).first()
    if script is None:
        return None
    try:
        version = usable_version(script)
    except Conflict:
        return None
    filled = render(version.body, values)
    return None if filled.missing else Words(version.title, filled.text, f"{script.key} v{version.number}")


def register() -> None:
    """Tell the floor below, once at start-up."""
    register_script_source(script_words)
