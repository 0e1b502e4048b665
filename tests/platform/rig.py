"""A whole installation in a temporary folder, run by the real supervisor, to be mistreated.

Used by `test_faults.py` (a short form of each fault) and by `bin/faults` (the long form).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from config.engines import Engines
from config.engines.keys import read_env_file

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "tests.platform.fault_settings"
RUN = "import sys; sys.path.insert(0, 'config'); from engines.cli import main; from pathlib import Path; "
RUN += "sys.exit(main(Path.cwd(), 'run', ['--no-demo']))"


@dataclass(frozen=True)
class Outcome:
    """What became of timers that were acknowledged."""

    armed: int
    done: int
    doubled: int
    never_stored: int
    worst_lag_seconds: float

    @property
    def is_perfect(self) -> bool:
        return self.armed == self.done and self.doubled == 0 and self.never_stored == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "PORT", "HOST"} and not name.startswith("KEAN_")
    }


class Rig:
    """Engines, web, worker and ticker under a supervisor of their own."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="kean-faults-", dir="/tmp"))
        self.port = free_port()
        self.environ = clean_environment() | {
            "KEAN_DATA": str(self.data),
            "PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
        }
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.client: subprocess.Popen[str] | None = None
        self.client_lock = threading.Lock()

    # Life

    def prepare(self) -> None:
        """Make the database, its tables and the table of effects."""
        engines = Engines(self.data, environ=self.environ)
        variables = engines.start()
        try:
            command = [sys.executable, "manage.py", "migrate", "--run-syncdb", "-v", "0"]
            subprocess.run(command, cwd=ROOT, env=self.environ | variables, check=True)
            assert engines.postgres is not None
            engines.postgres.query("CREATE TABLE probe_effect (key text, due_at timestamptz, done_at timestamptz)")
        finally:
            engines.stop()

    def start(self) -> float:
        """Start the supervisor; returns the seconds until everything was ready."""
        began = time.monotonic()
        with (self.data / "supervisor.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-c", RUN],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.wait_until_ready()
        return time.monotonic() - began

    def wait_until_ready(self, seconds: float = 120) -> None:
        give_up_at = time.monotonic() + seconds
        while self.status("/readyz") != 200:
            if time.monotonic() > give_up_at:
                raise TimeoutError((self.data / "supervisor.log").read_text())
            time.sleep(0.1)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def stop(self) -> int:
        """SIGTERM to the supervisor; returns its exit code."""
        assert self.supervisor is not None
        self.supervisor.terminate()
        return self.supervisor.wait(60)

    def remove(self) -> None:
        for process in (self.client, self.supervisor):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(60)
        shutil.rmtree(self.data, ignore_errors=True)

    # Processes

    def processes(self, word: str = "") -> list[int]:
        """The living processes of this installation (not our client), those with `word` in their command."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._is_ours(entry):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if word in command and "probe.client" not in command:
                    found.append(int(entry.name))
        return found

    def _is_ours(self, entry: Path) -> bool:
        try:
            folder = os.readlink(entry / "cwd")
            if folder.startswith(str(self.data)):
                return True
            return f"KEAN_DATA={self.data}\0".encode() in (entry / "environ").read_bytes()
        except OSError:
            return False

    def kill(self, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def postmaster(self) -> int:
        return int((self.data / "pg" / "postmaster.pid").read_text().split()[0])

    def worker_main(self) -> int:
        workers = set(self.processes("celery"))
        return next(pid for pid in workers if _parent(pid) not in workers)

    @contextmanager
    def second_ticker(self) -> Iterator[None]:
        environ = self.environ | read_env_file(self.data / "env")
        process = subprocess.Popen([sys.executable, "manage.py", "ticker"], cwd=ROOT, env=environ)
        try:
            time.sleep(4)
            yield
        finally:
            process.terminate()
            process.wait(30)

    # Engines, asked directly

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(read_env_file(self.data / "env")["DATABASE_URL"], autocommit=True)

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(read_env_file(self.data / "env")["REDIS_URL"])

    # Timers

    def arm(self, count: int, *, spread: float = 4.0, work: float = 0.02) -> list[str]:
        """Arm timers over the next `spread` seconds; returns the keys that were acknowledged."""
        with self.client_lock:
            if self.client is None:
                self.client = subprocess.Popen(
                    [sys.executable, "-m", "tests.platform.probe.client"],
                    cwd=ROOT,
                    env=self.environ | read_env_file(self.data / "env"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            assert self.client.stdin is not None
            assert self.client.stdout is not None
            self.client.stdin.write(f"{count} {spread} {work} {uuid.uuid4().hex[:8]}\n")
            self.client.stdin.flush()
            keys = []
            while key := self.client.stdout.readline().strip():
                keys.append(key)
            return keys

    def outcome(self, keys: list[str], *, seconds: float = 60) -> Outcome:
        """Wait until all are done (or the time is over), a little longer for doubles, and count."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            try:
                if self._count(keys).done == len(keys):
                    time.sleep(1)
                    return self._count(keys)
            except psycopg.Error:
                time.sleep(0.3)
            time.sleep(0.1)
        return self._count(keys)

    def _count(self, keys: list[str]) -> Outcome:
        with self.connect() as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE times > 1), coalesce(max(lag), 0)::float FROM ("
                "SELECT key, count(*) AS times, extract(epoch FROM max(done_at - due_at)) AS lag "
                "FROM probe_effect WHERE key = ANY(%s) GROUP BY key) AS effects",
                [keys],
            ).fetchone()
            stored = connection.execute("SELECT count(*) FROM core_timer WHERE key = ANY(%s)", [keys]).fetchone()
        assert row is not None
        assert stored is not None
        return Outcome(len(keys), row[0], row[1], len(keys) - stored[0], row[2])


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
