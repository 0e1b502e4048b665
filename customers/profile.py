"""The panels of a customer's page.

The page shows the whole story, but tickets, visits and surveys live above this floor.
Each registers a panel: a name, a callable that fetches what it shows, and a template.
A panel without data shows its empty state; it is never an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from customers.models import Customer

# Gets the customer and the user who looks; gives the template's context.
PanelLoader = Callable[[Customer, Any], dict[str, Any]]


@dataclass(frozen=True)
class Panel:
    name: str
    title: str | Promise
    load: PanelLoader
    template: str
    position: int


_panels: dict[str, Panel] = {}


def register_panel(
    name: str, load: PanelLoader, template: str, *, title: str | Promise = "", position: int = 100
) -> None:
    """Put a panel on the page, or replace the panel of that name. Lower positions stand first."""
    _panels[name] = Panel(name, title or name, load, template, position)


def panels() -> list[Panel]:
    return sorted(_panels.values(), key=lambda panel: (panel.position, panel.name))


def panel(name: str) -> Panel | None:
    return _panels.get(name)
