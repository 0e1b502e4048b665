"""What bin/run, bin/manage and bin/test do once the environment is set up."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from . import supervisor
from .embedded import Engines
from .errors import EngineError
from .folders import choose_data_folder, reachable, system_account
from .keys import read_env_file
from .processes import die_with_parent


def note(line: str) -> None:
    """A line for the person at the console; standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def main(root: Path, command: str, arguments: list[str]) -> int:
    """Run one of `run`, `manage`, `test`; the answer is the exit code."""
    try:
        if command == "test":
            return run_tests(root, arguments)
        data = choose_data_folder(root, os.environ)
        if command == "run":
            return supervisor.run(root, data, os.environ, arguments, note)
        return manage(root, data, arguments)
    except EngineError as error:
        note(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        return 130


def manage(root: Path, data: Path, arguments: list[str]) -> int:
    """`manage.py` on the engines of a running `bin/run`, or on engines of its own while it lasts."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        engines = Engines(data, environ=os.environ)
        return _execute(root, engines.prepare_external(), arguments)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engines = Engines(data, environ=os.environ)
    while not engines.lock.acquire("manage"):
        descriptor = engines.lock.join()
        variables = read_env_file(data / "env")
        if variables:
            return _execute(root, variables, arguments)
        os.close(descriptor)
        time.sleep(0.2)
    variables = engines.start_locked()
    engines.publish()
    try:
        return _attend(root, variables, arguments)
    finally:
        newcomers_wait = engines.lock.wait_for_users()
        engines.stop()
        os.close(newcomers_wait)


def _manage_command(root: Path, arguments: list[str]) -> list[str]:
    return [sys.executable, str(root / "manage.py"), *arguments]


def _execute(root: Path, variables: Mapping[str, str], arguments: list[str]) -> int:
    """Become the command: streams, signals and exit code are its own. The environment given by hand wins."""
    command = _manage_command(root, arguments)
    os.execve(command[0], command, {**os.environ, **variables, **_given_engines()})


def _given_engines() -> dict[str, str]:
    return {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}


def _attend(root: Path, variables: Mapping[str, str], arguments: list[str]) -> int:
    """Run the command beside the engines; Ctrl-C reaches it from the terminal, SIGTERM through us."""
    process = subprocess.Popen(
        _manage_command(root, arguments),
        env={**os.environ, **variables},
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _signum, _frame: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


def run_tests(root: Path, arguments: list[str]) -> int:
    """pytest on engines in a temporary folder; neither KEAN_DATA nor configured engines are touched."""
    environ = {name: value for name, value in os.environ.items() if not _decides_how_tests_end(name)}
    data = _temporary_folder()
    engines = Engines(data, environ=environ, durable=False)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        variables = engines.start("test")
        engines.publish()
        # A file's tests stay in one process: what its fixtures start is started once.
        spread = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        command = [sys.executable, "-m", "pytest", *spread, *arguments]
        process = subprocess.Popen(command, cwd=root, env={**environ, **variables})
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            return 130
    finally:
        engines.stop()
        shutil.rmtree(data, ignore_errors=True)


def _decides_how_tests_end(name: str) -> bool:
    """A developer's own engines, keys and switches; only the browser to use is taken over."""
    return name in {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORT", "HOST"} or (
        name.startswith("KEAN_") and name != "KEAN_CHROMIUM"
    )


def _interrupt(_signum: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _temporary_folder() -> Path:
    """A new folder that is short enough for sockets and open to the engines' account."""
    account = system_account()
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    for parent in candidates:
        if parent.is_dir() and len(os.fsencode(parent)) < 60 and reachable(parent, account):
            return Path(tempfile.mkdtemp(prefix="kean-test-", dir=parent))
    raise EngineError("没有可用的临时目录，请设置 TMPDIR。(No usable temporary folder: set TMPDIR.)")
