"""Due moments as rows: armed in the transaction of what they are about, fired once by any worker.

    arm(TimerSpec(key=f"sla:{clock.pk}:warn", kind="sla.warn", due_at=…, subject_type="ticket", subject_id=…))

    @timer_handler("sla.warn")          # in the app's timers.py
    def warn(timer: Timer) -> None: …

A handler runs in the transaction that records the firing: it writes rows and outbox items, nothing
else, and looks at the world again before it acts. See docs/adr/0002-timers-without-beat.md.
"""

from core.timers.arming import TimerSpec, arm, arm_many, cancel
from core.timers.firing import fire_due, replay
from core.timers.heartbeats import beat
from core.timers.models import Heartbeat, PeriodicRun, Timer, TimerFiring, TimerState
from core.timers.registry import Postpone, periodic, timer_handler
from core.timers.slots import arm_periodic

__all__ = [
    "Heartbeat",
    "PeriodicRun",
    "Postpone",
    "Timer",
    "TimerFiring",
    "TimerSpec",
    "TimerState",
    "arm",
    "arm_many",
    "arm_periodic",
    "beat",
    "cancel",
    "fire_due",
    "periodic",
    "replay",
    "timer_handler",
]
