"""Which rows follow a customer when two records become one.

Apps above register their foreign keys here, so that a merge moves their rows and an
undo moves exactly those rows back.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

_links: dict[tuple[str, str], None] = {}


def register(model_label: str, field: str) -> None:
    """Let rows of `model_label` ("tickets.Ticket") follow the customer named by their foreign key `field`."""
    _links[(model_label, field)] = None


def links() -> Iterator[tuple[str, type[Model], str]]:
    """Every registered link: label, model and field."""
    for label, field in _links:
        yield label, apps.get_model(label), field


register("customers.Order", "customer")
register("customers.CustomerIdentity", "customer")
register("customers.ConsentRecord", "customer")
register("customers.CareNote", "customer")
register("customers.Outreach", "customer")
