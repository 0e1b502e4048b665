"""`bin/run`: engines, migrations, web, worker and ticker; restarts what dies, stops in order."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from .embedded import Engines
from .errors import EngineError
from .keys import read_env_file
from .preparation import PreparationMark
from .processes import die_with_parent, kill_session, spawn, started_mark
from .service import Service
from .sockets import bind, page_status

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_LIMIT_BYTES = 20 * 1024 * 1024
FIRST_PAGE = "/accounts/login/"


class Stopped(Exception):
    """SIGINT or SIGTERM arrived."""


def say(line: str) -> None:
    print(line, flush=True)


def web_address(environ: Mapping[str, str]) -> tuple[str, int]:
    """HOST and PORT, checked."""
    given = environ.get("PORT") or "8000"
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise EngineError(f"PORT={given}：请填 1–65535 的端口号。(PORT must be a number from 1 to 65535.)")
    return environ.get("HOST") or "127.0.0.1", int(given)


class Supervisor:
    """Everything one `bin/run` starts, and its end."""

    def __init__(self, root: Path, data: Path, *, environ: Mapping[str, str], with_demo: bool = True) -> None:
        self.root = root
        self.data = data
        self.environ = dict(environ)
        self.with_demo = with_demo
        self.engines = Engines(data, environ=environ)
        self.host, self.port = web_address(environ)
        self.listener: socket.socket | None = None
        self.programs: list[Service] = []
        self.children_file = data / "children"

    def run(self) -> int:
        """Run until SIGINT or SIGTERM. Returns the exit code; raises EngineError when the start fails."""
        for signum in STOP_SIGNALS:
            if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:  # nohup ignores it
                signal.signal(signum, _raise_stopped)
        try:
            self._start()
            self._look_after_everything()
        except Stopped:
            say("正在停止… (stopping)")
        finally:
            for signum in STOP_SIGNALS:
                signal.signal(signum, signal.SIG_IGN)
            self._stop()
        return 0

    def _start(self) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        self._end_orphans()
        self.listener = bind(self.host, self.port)
        say("启动数据库和消息服务 (starting PostgreSQL and Valkey)")
        variables = self.engines.start_locked(say)
        self.environ |= variables | {"HOST": self.host, "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        self.environ.setdefault("PYTHONWARNINGS", "ignore")
        self.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        self.engines.publish({"HOST": self.host, "PORT": str(self.port)})
        self._prepare()
        self._launch_programs()

    def _take_lock(self) -> None:
        lock = self.engines.lock
        if lock.acquire("run"):
            return
        holder = lock.holder()
        if holder.startswith("manage"):
            say("等待 bin/manage 结束 (waiting for bin/manage to finish)")
            while not lock.acquire("run"):
                time.sleep(0.2)
            return
        raise EngineError(
            f"{self.data} 已有一个 bin/run 在运行（{holder}）。请先停掉它，或用 KEAN_DATA=… 换一个数据目录。"
            "(A bin/run is using this data folder: stop it, or choose another folder with KEAN_DATA=….)"
        )

    def _end_orphans(self) -> None:
        """Web, worker and ticker of a killed predecessor: they are ending; wait, then end them."""
        recorded = {int(pid): mark for pid, mark in read_env_file(self.children_file).items() if pid.isdigit()}
        give_up_at = time.monotonic() + 20
        while recorded:
            recorded = {pid: mark for pid, mark in recorded.items() if started_mark(pid) == mark}
            if not recorded:
                break
            for pid in recorded:
                if time.monotonic() > give_up_at:
                    kill_session(pid)
                else:
                    _terminate(pid)
            time.sleep(0.2)
        self.children_file.unlink(missing_ok=True)

    def _prepare(self) -> None:
        mark = PreparationMark(self.root, self.data, self.engines.postgres)
        if mark.is_current(self.environ, with_demo=self.with_demo):
            return
        say("更新数据表 (migrating)")
        command = [sys.executable, "-m", "config.prepare"]
        if not self.with_demo:
            command.append("--no-demo")
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            code = process.wait()
        except Stopped:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            raise EngineError("数据表更新失败，原因见上。(Preparing the database failed, see above.)")
        mark.write(self.environ, with_demo=self.with_demo)

    def _launch_programs(self) -> None:
        """The first page before worker and ticker: on two cores they would slow each other's start."""
        web = [self._program(f"web{number}", self._web_command(), 10) for number in (1, 2)]
        worker = self._program("worker", self._worker_command(), 20)
        ticker = self._program("ticker", [sys.executable, "manage.py", "ticker"], 10)
        self.programs = [ticker, *web, worker]  # in the order of stopping
        for program in web:
            program.launch()
        self._record_children()
        self._wait_for_first_page(web)
        for program in (worker, ticker):
            program.launch()
        self._record_children()
        self._announce()

    def _web_command(self) -> list[str]:
        assert self.listener is not None
        return [sys.executable, "-m", "config.web", str(self.listener.fileno())]

    def _worker_command(self) -> list[str]:
        processes = self.environ.get("KEAN_WORKER_PROCESSES", "2")
        return [
            *(sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "prefork"),
            *("--concurrency", processes, "--without-mingle", "--without-gossip", "-l", "WARNING"),
        ]

    def _program(self, name: str, command: list[str], grace_seconds: float) -> Service:
        def start() -> subprocess.Popen[bytes]:
            descriptors = [self.listener.fileno()] if name.startswith("web") and self.listener else []
            return spawn(
                command,
                log=self.engines.folder.logs / f"{name.rstrip('12')}.log",
                death_signal=signal.SIGTERM,
                cwd=self.root,
                env=self.environ,
                pass_fds=descriptors,
            )

        return Service(name, start, stop_signal=signal.SIGTERM, grace_seconds=grace_seconds)

    def _wait_for_first_page(self, web: list[Service]) -> None:
        """Until a page answers. A web process that cannot start is reported and tried again."""
        while page_status(self.host, self.port, FIRST_PAGE) == 0:
            self._look_after([*self.engines.services, *web])
            time.sleep(0.1)

    def _announce(self) -> None:
        shown = self.host if self.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        say(f"\n  客安 Kean  http://{f'[{shown}]' if ':' in shown else shown}:{self.port}/")
        demo = self.data / "demo"
        if demo.exists():  # written by config.prepare
            password, logins = demo.read_text(encoding="utf-8").splitlines()
            say(f"  演示账号 (demo logins)：{logins}")
            say(f"  密码 (password)：{password}")
        else:
            say("  新建账号 (make an account)：bin/manage create_staff USERNAME --role admin --team NAME")
        say(f"  日志 (logs)：{self.engines.folder.logs}    Ctrl-C 停止 (stops)\n")

    def _look_after_everything(self) -> None:
        checked_logs_at = 0.0
        while True:
            self._look_after([*self.engines.services, *self.programs])
            if time.monotonic() - checked_logs_at > 60:
                checked_logs_at = time.monotonic()
                _shorten_logs(self.engines.folder.logs)
            time.sleep(0.2)

    def _look_after(self, services: list[Service]) -> None:
        before = [service.process for service in services]
        for service in services:
            sentence = service.look_after()
            if sentence:
                say(f"{sentence}  {self.engines.folder.logs}")
        if before != [service.process for service in services]:
            self._record_children()

    def _record_children(self) -> None:
        pids = [program.process.pid for program in self.programs if program.process is not None]
        unfinished = self.children_file.with_name("children.part")
        unfinished.write_text("".join(f"{pid}='{started_mark(pid)}'\n" for pid in pids))
        unfinished.replace(self.children_file)

    def _stop(self) -> None:
        """Ticker, web, worker, then Valkey, then PostgreSQL: nobody loses an engine while working."""
        for program in self.programs:
            program.ask_to_end()
        for program in self.programs:
            program.end()
        if self.engines.lock.held:
            self.children_file.unlink(missing_ok=True)
        self.engines.stop()
        if self.listener is not None:
            self.listener.close()


def _raise_stopped(_signum: int, _frame: FrameType | None) -> None:
    raise Stopped


def _terminate(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def _shorten_logs(folder: Path) -> None:
    """Keep the last 20 MB twice. Writers append, so the file may be emptied under them."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            os.truncate(log, 0)


def run(root: Path, data: Path, environ: Mapping[str, str], arguments: list[str], fail: Callable[[str], None]) -> int:
    unknown = [argument for argument in arguments if argument != "--no-demo"]
    if unknown:
        fail(f"不认识的参数 {unknown[0]}；可用：--no-demo。(Unknown argument.)")
        return 2
    return Supervisor(root, data, environ=environ, with_demo="--no-demo" not in arguments).run()
