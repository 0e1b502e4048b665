"""Walking over addresses: every one of the product, each called by each role, every call undone."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.resolvers import RegexPattern
from rest_framework.views import APIView

from tests.api.permission_table import UPLOAD, Row
from tests.world import PNG, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Look = Callable[[], None] | None
_numbers = itertools.count(1)


def leaves(prefix: str = "", patterns: Any = None) -> Iterator[tuple[str, URLPattern]]:
    """Every address as (route, pattern), as `resolve` names it; the admin's are counted by its own tests."""
    for item in get_resolver().url_patterns if patterns is None else patterns:
        part = str(item.pattern)
        route = prefix + (part.removeprefix("^") if prefix and isinstance(item.pattern, RegexPattern) else part)
        if isinstance(item, URLResolver):
            if route != "admin/":
                yield from leaves(route, item.url_patterns)
        else:
            yield route, item


def methods_of(pattern: URLPattern) -> set[str] | None:
    """The methods a REST view serves; None for a function, which does not say."""
    actions = getattr(pattern.callback, "actions", None)
    if actions:
        return {name.upper() for name in actions if name not in ("head", "options")}
    view = getattr(pattern.callback, "cls", None)
    if view is not None and issubclass(view, APIView):
        return {method for method in METHODS if hasattr(view, method.lower())}
    return None


def covered(rows: tuple[Row, ...], world: World) -> dict[str, set[str]]:
    """Route → methods that the table names."""
    found: dict[str, set[str]] = {}
    for row in rows:
        route = resolve(world.address(row.path).partition("?")[0]).route
        found.setdefault(route, set()).add(row.method)
    return found


def filled(value: Any, world: World) -> Any:
    """The body with the names in braces replaced by the world's ids."""
    if isinstance(value, str):
        return world.address(value)
    if isinstance(value, dict):
        return {name: filled(inner, world) for name, inner in value.items()}
    return [filled(inner, world) for inner in value] if isinstance(value, list) else value


def fresh_address() -> str:
    """An internet address nobody used yet, so that limits per address do not add up over a table."""
    number = next(_numbers)
    return f"198.18.{number // 250 % 250}.{number % 250 + 1}"


@contextmanager
def undone(look: Look = None) -> Iterator[None]:
    """Whatever is written inside is taken back, after a `look` at it."""
    with transaction.atomic():
        savepoint = transaction.savepoint()
        yield
        if look is not None:
            look()
        transaction.savepoint_rollback(savepoint)


def api_answer(row: Row, role: str, world: World, *, method: str = "", look: Look = None) -> Any:
    """What the role gets from the API."""
    client = world.client(role, address=fresh_address())
    verb, address = method or row.method, world.address(row.path)
    with undone(look):
        if UPLOAD in row.body.values() and verb == row.method:
            return client.post(address, {"file": SimpleUploadedFile("图.png", PNG)}, format="multipart")
        if verb in ("GET", "DELETE"):
            return client.generic(verb, address)
        return client.generic(verb, address, json.dumps(filled(row.body, world)), content_type="application/json")


def page_answer(row: Row, browser: Client, world: World, *, method: str = "", look: Look = None) -> Any:
    """What the browser gets; bodies are forms."""
    verb, address = method or row.method, world.address(row.path)
    with undone(look):
        if verb == "POST":
            return browser.post(address, filled(row.body, world))
        return browser.generic(verb, address)
