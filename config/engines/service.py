"""A process the supervisor keeps alive: how it starts, what ends it, how fast it comes back."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .processes import kill_session, wait_for_end

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
SETTLED_AFTER_SECONDS = 60.0


@dataclass
class Service:
    """One process and its restarts. `clear` says whether nothing of a predecessor is in the way."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: int
    grace_seconds: float
    clear: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    _delay: float = field(default=FIRST_DELAY_SECONDS, repr=False)
    _restart_at: float | None = field(default=None, repr=False)
    _asked_to_end: bool = field(default=False, repr=False)

    def launch(self) -> None:
        self.process = self.start()
        self.started_at = time.monotonic()
        self._restart_at = None
        self._asked_to_end = False

    def look_after(self) -> str:
        """Restart the process when it died and its time has come. Returns a sentence when it just died, else ""."""
        now = time.monotonic()
        if self._restart_at is not None:
            if now >= self._restart_at and self.clear():
                self.launch()
            return ""
        if self.process is None or self.process.poll() is None:
            if now - self.started_at > SETTLED_AFTER_SECONDS:
                self._delay = FIRST_DELAY_SECONDS
            return ""
        code, delay = self.process.returncode, self._delay
        kill_session(self.process.pid)
        self._restart_at = now + delay
        self._delay = min(2 * delay, LONGEST_DELAY_SECONDS)
        return f"{self.name} 已退出（{code}），{delay:g} 秒后重启 ({self.name} ended, restarting)"

    def ask_to_end(self) -> None:
        """Send the gentle signal without waiting, so that several can end at the same time."""
        if self.process is not None and self.process.poll() is None and not self._asked_to_end:
            self.process.send_signal(self.stop_signal)
            self._asked_to_end = True

    def end(self) -> None:
        """End the process and whatever it started, hard when its grace is over."""
        self.ask_to_end()
        if self.process is not None:
            wait_for_end(self.process, grace_seconds=self.grace_seconds)
            self.process = None
        self._restart_at = None
