"""Whether `config.prepare` has anything to do: starting Django only to find out takes most of a warm start."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .errors import EngineError
from .postgres import PostgreSQL


class PreparationMark:
    """DATA/prepared: what the last successful preparation was made of.

    It counts only for a database of our own, and it includes the migrations that this database says it
    has, so that a restored or rolled-back one is prepared again.
    """

    def __init__(self, root: Path, data: Path, postgres: PostgreSQL | None) -> None:
        self.root = root
        self.file = data / "prepared"
        self.demo_file = data / "demo"
        self.postgres = postgres

    def is_current(self, environ: Mapping[str, str], *, with_demo: bool) -> bool:
        if self.postgres is None:
            return False
        return (
            self.file.exists()
            and self.file.stat().st_size > 0
            and self.file.read_text() == self._compute(environ, with_demo=with_demo)
        )

    def write(self, environ: Mapping[str, str], *, with_demo: bool) -> None:
        if self.postgres is not None:
            self.file.write_text(self._compute(environ, with_demo=with_demo))

    def _compute(self, environ: Mapping[str, str], *, with_demo: bool) -> str:
        assert self.postgres is not None
        try:
            applied = self.postgres.query("SELECT app, name FROM django_migrations ORDER BY app, name")
        except EngineError:
            return ""  # no table of migrations yet
        parts = [applied, str(with_demo), (self.root / "requirements.lock").read_text()]
        parts += sorted(str(path.relative_to(self.root)) for path in self.root.glob("*/migrations/*.py"))
        parts += sorted(str(path.relative_to(self.root)) for path in self.root.glob("crm/*/migrations/*.py"))
        parts += [environ["KEAN_DEMO_PASSWORD"], environ.get("DJANGO_SETTINGS_MODULE", "")]
        parts.append(self.demo_file.read_text() if self.demo_file.exists() else "")
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
