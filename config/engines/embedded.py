"""The engines of one data folder: those the environment does not name are ours."""

from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import EngineError
from .folders import DataFolder, FolderLock, system_account
from .keys import load_secrets, write_env_file
from .postgres import PostgreSQL
from .service import Service
from .valkey import Valkey


def _silent(_line: str) -> None:
    return None


class Engines:
    """PostgreSQL and Valkey of a data folder, for as long as this object is started.

    DATABASE_URL and REDIS_URL in `environ` are respected independently: what is named is not started.
    `durable=False` is for tests, whose folder is thrown away.
    """

    def __init__(self, data: Path, *, environ: Mapping[str, str], durable: bool = True) -> None:
        self.folder = DataFolder(data, None)
        self.environ = environ
        self.durable = durable
        self.lock = FolderLock(data)
        self.postgres: PostgreSQL | None = None
        self.valkey: Valkey | None = None
        self.variables: dict[str, str] = {}

    def start(self, purpose: str = "engines", report: Callable[[str], None] = _silent) -> dict[str, str]:
        """Start what is ours and return the variables that programs need to use it.

        Raises EngineError when another supervisor uses the folder or an engine does not start.
        """
        self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.lock.acquire(purpose):
            raise EngineError(
                f"{self.folder.path} 正被另一个进程使用（{self.lock.holder()}）。"
                "(Another process is using this data folder.)"
            )
        return self.start_locked(report)

    def start_locked(self, report: Callable[[str], None] = _silent) -> dict[str, str]:
        """The same for a caller who holds `lock` already."""
        own_database, own_broker = not self.environ.get("DATABASE_URL"), not self.environ.get("REDIS_URL")
        try:
            self.folder.account = system_account() if own_database or own_broker else None
            self.folder.prepare()
            self.variables = {"KEAN_DATA": str(self.folder.path), **load_secrets(self.folder.path, self.environ)}
            if own_broker:
                self.valkey = Valkey(self.folder)
                self.valkey.start()
            if own_database:
                self.postgres = PostgreSQL(self.folder, durable=self.durable)
                self.postgres.start(report)
        except BaseException:
            self.stop()
            raise
        self.variables["DATABASE_URL"] = self.postgres.url if self.postgres else self.environ["DATABASE_URL"]
        self.variables["REDIS_URL"] = self.valkey.url if self.valkey else self.environ["REDIS_URL"]
        return self.variables

    def prepare_external(self) -> dict[str, str]:
        """The variables when both engines are named by the environment: nothing to lock, nothing to start."""
        self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets = load_secrets(self.folder.path, self.environ)
        return {"KEAN_DATA": str(self.folder.path), **secrets}

    @property
    def services(self) -> list[Service]:
        return [engine.service for engine in (self.postgres, self.valkey) if engine is not None]

    def publish(self, extra: Mapping[str, str] | None = None) -> None:
        """Write DATA/env, by which others join: `set -a; . var/env`."""
        write_env_file(self.folder.env_file, self.variables | dict(extra or {}))

    def stop(self) -> None:
        """Valkey first, PostgreSQL last, then the lock."""
        if self.lock.held:
            self.folder.env_file.unlink(missing_ok=True)
        for engine in (self.valkey, self.postgres):
            if engine is not None:
                engine.service.end()
        self.lock.release()
