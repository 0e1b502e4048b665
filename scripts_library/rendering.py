"""Filling a script for a ticket. Values come from floors above, which register a provider."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.versions.services import usable_version
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.placeholders import Rendered, render

# (ticket id or number, actor) -> placeholder values; raises NotFound when the actor may not see the ticket.
ValueProvider = Callable[[str, Any], Mapping[str, str | None]]

_providers: list[ValueProvider] = []


def register_value_provider(provider: ValueProvider) -> ValueProvider:
    """Register who knows the values of placeholders for a ticket; usable as a decorator. Once per process."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def ticket_values(ticket: str, actor: Any) -> dict[str, str | None]:
    """Values for the placeholders; raises NotFound when no provider knows the ticket."""
    if not _providers:
        raise NotFound(_("找不到该工单。"))
    values: dict[str, str | None] = {}
    for provider in _providers:
        values.update(provider(ticket, actor))
    return values


def render_script(*, script: ScriptTemplate, ticket: str, actor: Any) -> tuple[ScriptVersion, Rendered]:
    """The live version filled for a ticket."""
    version: ScriptVersion = usable_version(script)
    return version, render(version.body, ticket_values(ticket, actor))
