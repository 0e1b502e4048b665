"""Starting, recognising and ending processes so that none is left over, whatever is killed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


@dataclass(frozen=True)
class Account:
    """The system account that engines run under when we are root (PostgreSQL refuses to run as root)."""

    name: str
    uid: int
    gid: int


def die_with_parent(death_signal: int) -> Callable[[], None] | None:
    """A hook for the child: the kernel sends it `death_signal` when this process ends, even by kill -9.

    It runs after the change of account, as it must: a credential change clears the setting.
    """
    if _libc is None:
        return None
    parent, libc = os.getpid(), _libc

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os.kill(os.getpid(), death_signal)

    return arrange


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    death_signal: int,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a long-running process in a session of its own; what it prints goes to `log`.

    Call it from the main thread only: the death signal is tied to the thread that forked.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),
            **account_arguments(account),
        )


def account_arguments(account: Account | None) -> dict[str, Any]:
    """What `subprocess` needs to run something under `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": [], "umask": 0o077}


def wait_for_end(process: subprocess.Popen[bytes], *, grace_seconds: float) -> None:
    """Wait for a process that was asked to end; kill -9 to its whole session when the grace is over."""
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        kill_session(process.pid)
        process.wait()
    kill_session(process.pid)  # what it started and left behind


def kill_session(leader: int) -> None:
    """kill -9 whatever is left of the process group that `leader` began."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def started_mark(pid: int) -> str:
    """A mark that tells this process from a later one with the same number; "" when it is gone or a zombie."""
    if not IS_LINUX:
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]


def processes_in(folder: Path, program: str) -> list[int]:
    """The living processes called `program` whose working folder is `folder`, whoever started them."""
    if not IS_LINUX:
        return []
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if os.readlink(f"/proc/{entry}/cwd") != str(folder):
                continue
            if Path(f"/proc/{entry}/comm").read_text().strip() == program:
                found.append(int(entry))
        except OSError:
            continue  # ended meanwhile, a zombie, or not ours to look at
    return found


def read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def exists(pid: int) -> bool:
    """Whether the number is taken; a zombie takes it too, and PostgreSQL minds."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_zombie(pid: int) -> bool:
    return IS_LINUX and exists(pid) and not started_mark(pid)


class Orphans:
    """Processes that a killed predecessor left in a data folder.

    They got their death signal when the predecessor died, so they are usually ending already.
    A number in a pid file is trusted only when a process of that name works in that folder: after
    a restart of a container the number may belong to a stranger.
    """

    def __init__(self, folder: Path, *, program: str, pid_file: Path, gentle: int) -> None:
        self.folder = folder
        self.program = program
        self.pid_file = pid_file
        self.gentle = gentle
        self._asked_at: float | None = None

    def gone(self) -> bool:
        """Look once. True when nothing of the predecessor is left and its pid file is out of the way."""
        alive = processes_in(self.folder, self.program)
        waited = self._wait_seconds()
        recorded = read_pid(self.pid_file)
        if alive:
            self._press(alive, recorded, waited)
            return False
        if recorded is not None and is_zombie(recorded) and waited < 5:
            return False
        self.pid_file.unlink(missing_ok=True)
        self._asked_at = None
        return True

    def wait(self) -> None:
        """Wait until they are gone. Ends always: after 60 s they are ended hard."""
        while not self.gone():
            time.sleep(0.05)

    def _wait_seconds(self) -> float:
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            return 0.0
        return time.monotonic() - self._asked_at

    def _press(self, alive: list[int], recorded: int | None, waited: float) -> None:
        """Ask the leader gently once; after a minute all of them with SIGQUIT, then with SIGKILL."""
        if waited == 0.0 and recorded in alive:
            targets, signum = [recorded], self.gentle
        elif waited > 75:
            targets, signum = alive, signal.SIGKILL
        elif waited > 60:
            targets, signum = alive, signal.SIGQUIT
        else:
            return
        for pid in targets:
            try:
                os.kill(pid, signum)
            except ProcessLookupError:
                continue
