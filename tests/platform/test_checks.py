"""A database that would fail later is refused before anything is written to it."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections

from config import checks


@pytest.fixture
def blind_database(db: None) -> Iterator[psycopg.Cursor]:
    """A database as `initdb --no-locale` makes it."""
    parameters = connection.get_connection_params()
    parameters = {name: parameters[name] for name in ("host", "port", "user", "password") if parameters.get(name)}
    name = f"blind_{connection.settings_dict['NAME']}"
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' "
            "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        with psycopg.connect(**parameters, dbname=name, autocommit=True) as blind, blind.cursor() as cursor:
            yield cursor
        admin.execute(f'DROP DATABASE "{name}"')


@pytest.mark.django_db
def test_our_own_database_passes() -> None:
    assert checks.check_database(databases=["default"]) == []


@pytest.mark.django_db
def test_a_database_blind_to_chinese_is_refused_with_the_way_to_make_it_anew(blind_database: psycopg.Cursor) -> None:
    (finding,) = checks._check_chinese(blind_database)
    assert finding.id == "kean.E003"
    assert "LC_CTYPE" in finding.hint
    blind_database.execute("CREATE EXTENSION pg_trgm")
    (finding,) = checks._check_trigrams(blind_database)
    assert finding.id == "kean.E005"


@pytest.mark.django_db
def test_an_old_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "pg_version", 130011)
    (finding,) = checks.check_database(databases=["default"])
    assert finding.id == "kean.E002"
