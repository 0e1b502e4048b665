"""One migrated database for all workers of a test run: the first makes it, the others copy it.

Running the migrations costs a minute of processor time, copying their result a second.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from django.db import connection, connections
from psycopg import sql


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    """A connection beside the test database, to make and copy databases."""
    given = connection.get_connection_params()
    reach = {name: given[name] for name in ("host", "port", "user", "password") if given.get(name)}
    with psycopg.connect(**reach, dbname="postgres", autocommit=True) as server:
        yield server


def _copy(source: str, target: str) -> None:
    with _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(target)))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source)))


class SharedDatabase:
    """What one worker has of the common database. `place`: a folder that all workers of the run share."""

    def __init__(self, place: Path) -> None:
        self._file: IO[str] | None = (place / "database.lock").open("a+")
        self.is_copied = False

    def take(self) -> None:
        """Copy the database if another worker made it; else hold the others back until `give`."""
        assert self._file is not None
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.seek(0)
        if template := self._file.read():
            _copy(template, connection.creation._get_test_db_name())  # type: ignore[attr-defined]
            self.is_copied = True
            self._release()

    def give(self) -> None:
        """Let the others copy what this worker made."""
        if self._file is None:
            return
        connections.close_all()
        connection.close_pool()
        made = str(connection.settings_dict["NAME"])
        _copy(made, f"{made}_template")
        self._file.write(f"{made}_template")
        self._file.flush()
        self._release()

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
