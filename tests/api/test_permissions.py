"""Every address and method of the product against every role, from two tables.

A new address, or a new method of an old one, makes these tests fail until it has its line.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Max
from django.test import Client, RequestFactory
from django.urls import reverse

from core.events import Event
from tests.api.page_table import PAGES
from tests.api.permission_table import ROWS, Row
from tests.api.walking import METHODS, Look, api_answer, covered, fresh_address, leaves, methods_of, page_answer
from tests.world import ANONYMOUS, ROLES, World

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J20")]

#: Streams never end; tests/core/test_live.py and test_isolation.py open them.
STREAMS = {"events/stream/", "chat/<str:key>/stream/"}
#: What an auditor may write: about themselves, never about the team's work.
OWN_EVENTS = {"token.issued", "token.revoked"}


def wanted(row: Row) -> dict[str, int]:
    return dict(zip(ROLES, map(int, row.statuses.split()), strict=True))


@pytest.fixture(scope="module")
def browsers(world: World) -> dict[str, Client]:
    """One signed-in browser for each role."""
    return {role: world.browser(role) for role in ROLES}


@pytest.fixture
def visit(world: World, browsers: dict[str, Client]) -> Callable[..., Any]:
    """A page as the role sees it. Leaving and entering spoil a session, so those get one of their own."""

    def call(row: Row, role: str, method: str = "", look: Look = None) -> Any:
        own = role == ANONYMOUS or row.path.startswith("/accounts/")
        browser = world.browser(role) if own else browsers[role]
        browser.defaults["REMOTE_ADDR"] = fresh_address()
        return page_answer(row, browser, world, method=method, look=look)

    return call


def test_every_address_has_its_line(world: World) -> None:
    tables = covered(ROWS + PAGES, world)
    missing = []
    for route, pattern in leaves():
        if route in STREAMS:
            continue
        methods = methods_of(pattern) or tables.get(route) or {"GET or POST"}
        missing += [f"{method} {route}" for method in sorted(methods - tables.get(route, set()))]
    listing = "\n".join(missing)
    assert not missing, f"Add lines in tests/api/tables/ for:\n{listing}"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_api_answers_each_role_as_the_table_says(row: Row, world: World) -> None:
    assert {role: api_answer(row, role, world).status_code for role in ROLES} == wanted(row)


@pytest.mark.parametrize("row", PAGES, ids=str)
def test_pages_answer_each_role_as_the_table_says(row: Row, visit: Callable[..., Any]) -> None:
    assert {role: visit(row, role).status_code for role in ROLES} == wanted(row)


def test_methods_that_are_not_in_the_table_are_refused(world: World, visit: Callable[..., Any]) -> None:
    served, found = covered(ROWS + PAGES, world), {}
    for row in {next(iter(covered((row,), world))): row for row in ROWS + PAGES}.values():
        if row.path.startswith("/accounts/"):
            continue
        for method in sorted(set(METHODS) - served[next(iter(covered((row,), world)))]):
            answer = api_answer(row, "admin", world, method=method) if row in ROWS else visit(row, "admin", method)
            if answer.status_code != 405:
                found[f"{method} {row.path}"] = answer.status_code
    assert found == {}


def test_the_auditor_changes_nothing(world: World, visit: Callable[..., Any]) -> None:
    written = set()
    newest = Event.objects.aggregate(newest=Max("id"))["newest"]
    for row in (row for row in ROWS + PAGES if row.method != "GET"):

        def look(row: Row = row) -> None:
            events = Event.objects.filter(pk__gt=newest, actor=world.people["auditor"])
            written.update(f"{row}: {kind}" for kind in events.values_list("kind", flat=True) if kind not in OWN_EVENTS)

        if row in ROWS:
            api_answer(row, "auditor", world, look=look)
        else:
            visit(row, "auditor", look=look)
    assert written == set()


@pytest.mark.parametrize("role", [role for role in ROLES if role != ANONYMOUS])
def test_the_admin_shows_each_role_what_its_codenames_allow(
    role: str, world: World, browsers: dict[str, Client]
) -> None:
    person, wrong = world.people[role], {}
    for model in admin.site._registry:
        options = model._meta
        may = {verb: person.has_perm(f"{options.app_label}.{verb}_{options.model_name}") for verb in ("view", "add")}
        changes = person.has_perm(f"{options.app_label}.change_{options.model_name}")
        for page, allowed in (("changelist", may["view"] or changes), ("add", may["add"])):
            address = reverse(f"admin:{options.app_label}_{options.model_name}_{page}")
            status = browsers[role].get(address).status_code
            if (status == 200) > allowed or status >= 500:
                wrong[address] = status
    assert wrong == {}
    assert world.browser(ANONYMOUS).get("/admin/").status_code == 302


def test_the_admin_offers_the_auditor_no_action(world: World, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = world.people["auditor"]  # type: ignore[assignment]
    offered = {
        model._meta.label: sorted(actions)
        for model, model_admin in admin.site._registry.items()
        if (actions := model_admin.get_actions(request))
    }
    # A dry run writes nothing.
    assert offered == {"tickets.RoutingRule": ["dry_run"], "tickets.StageNorm": ["dry_run"]}
