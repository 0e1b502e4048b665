"""Shared fixtures. Databases and brokers are real (PostgreSQL, Valkey); `bin/test` starts them."""

import asyncio
import gc
import os
import uuid
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from crm.staff.choices import Role
from crm.staff.models import Team, User
from tests.factories import TeamFactory, UserFactory
from tests.shared_database import SharedDatabase
from tests.world import World, build_world

#: Few tests, long ones: they begin first, so that no worker is left alone with them at the end. While one worker makes
#: the database for the first of these, another has time for the second, which needs none of it.
LONG = (
    "tests/browser/test_accessibility",
    "tests/platform/test_faults",
    "tests/workbench/test_demo",
    "tests/api/test_schema",
    "tests/browser/",
    "tests/platform/",
)


# Collecting makes a million objects that stay: looking through them again and again would take a tenth of the run.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on the garbage collector looks at what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((at for at, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Once a browser is open, Playwright's event loop counts as running in this thread for the rest of
    the session. Tests without a browser must not see it: `asyncio.run` would refuse, as it never does
    in a worker. From set-up to tear-down, because Django keeps a connection of its own beside a loop."""
    loop = asyncio._get_running_loop()
    if loop is None or item.nodeid.startswith("tests/browser/"):
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if not loop.is_closed():
            asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def shared_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SharedDatabase | None:
    """What the workers of a run have in common; None where there is one process."""
    is_worker = hasattr(request.config, "workerinput")
    return SharedDatabase(tmp_path_factory.getbasetemp().parent) if is_worker else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, shared_database: SharedDatabase | None
) -> None:
    """Let several test runs share one server: KEAN_TEST_DB names this run's database."""
    name = os.environ.get("KEAN_TEST_DB")
    if name:
        suffix = os.environ.get("PYTEST_XDIST_WORKER", "")
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_{name}{suffix}"
    if shared_database is not None:
        shared_database.take()


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest, shared_database: SharedDatabase | None, django_db_modify_db_settings: None
) -> bool:
    is_copied = shared_database is not None and shared_database.is_copied
    return is_copied or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_createdb(request: pytest.FixtureRequest, shared_database: SharedDatabase | None) -> bool:
    is_copied = shared_database is not None and shared_database.is_copied
    return bool(request.config.getvalue("create_db")) and not is_copied


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, shared_database: SharedDatabase | None) -> None:
    """The database is made; workers that wait for it may copy it. It is empty, as it is again after each test
    that commits: whether rows of migrations are there must not depend on what ran before."""
    if shared_database is None or not shared_database.is_copied:
        with django_db_blocker.unblock():
            call_command("flush", interactive=False, verbosity=0)
    if shared_database is not None:
        shared_database.give()


@pytest.fixture(scope="session", autouse=True)
def _plain_and_fast() -> Iterator[None]:
    """Argon2 is slow on purpose; tests that make a cast of seven do not need that. Static files
    keep their names, because nobody collects them for tests, and are looked for when asked for: else
    every client of a test would begin by listing thousands of them."""
    storages = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, STORAGES=storages, WHITENOISE_AUTOREFRESH=True):
        yield


def _room_in_the_cache() -> dict[str, Any]:
    return {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid.uuid4().hex}"}}


@pytest.fixture(autouse=True)
def _own_cache(settings: Any) -> None:
    """Every test has its own room in the cache, so that one test's copies do not reach the next."""
    settings.CACHES = _room_in_the_cache()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One of everything, made once for a module. Tests undo what they write to it."""
    files = tmp_path_factory.mktemp("media")
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=files, WEBHOOK_ALLOW=["127.0.0.1"], CACHES=_room_in_the_cache()),
        transaction.atomic(),
    ):
        yield build_world()
        transaction.set_rollback(True)


# The cast. `agent` and `agent2` share a team, `lead` belongs to it too, `supervisor` heads the team
# above it; `other_agent` stands on a team beside, and must see nothing of theirs.


@pytest.fixture
def head_team(db: None) -> Team:
    return TeamFactory(name="客服中心")


@pytest.fixture
def team(head_team: Team) -> Team:
    return TeamFactory(name="售后一组", parent=head_team)


@pytest.fixture
def other_team(db: None) -> Team:
    return TeamFactory(name="售前组")


@pytest.fixture
def agent(team: Team) -> User:
    return UserFactory(username="agent", role=Role.AGENT, team=team)


@pytest.fixture
def agent2(team: Team) -> User:
    return UserFactory(username="agent2", role=Role.AGENT, team=team)


@pytest.fixture
def other_agent(other_team: Team) -> User:
    return UserFactory(username="other_agent", role=Role.AGENT, team=other_team)


@pytest.fixture
def lead(team: Team) -> User:
    return UserFactory(username="lead", role=Role.LEAD, team=team)


@pytest.fixture
def supervisor(head_team: Team) -> User:
    return UserFactory(username="supervisor", role=Role.SUPERVISOR, team=head_team)


@pytest.fixture
def admin(db: None) -> User:
    return UserFactory(username="admin", role=Role.ADMIN)


@pytest.fixture
def auditor(db: None) -> User:
    return UserFactory(username="auditor", role=Role.AUDITOR)
