"""What happens when a moment of a ticket comes."""

from datetime import datetime, timedelta

from core import clock
from core.events import record_events
from core.timers import Timer, TimerSpec, arm, periodic, timer_handler
from tickets.services import intake, routing, rules, sla


@timer_handler(sla.TIMER_WARN)
@timer_handler(sla.TIMER_DUE)
def clock_moment(timer: Timer) -> None:
    """A warning share or the end of a promise was reached."""
    event = sla.fire(clock_id=timer.payload["clock"], threshold=timer.payload["threshold"])
    if event is not None:
        record_events([event])


@periodic("tickets.dispatch", every=timedelta(seconds=10))
def dispatch(slot: datetime) -> None:
    """Give waiting tickets to agents who have become free."""
    routing.dispatch_waiting()


@periodic("tickets.intake_sweep", every=timedelta(seconds=60))
def take_up_stranded(slot: datetime) -> None:
    """Take up messages whose processing died."""
    intake.sweep()


@timer_handler(rules.TIMER_RECOMPUTE)
def recompute_clocks(timer: Timer) -> None:
    """A policy changed: recompute its open clocks batch by batch, each batch its own timer."""
    policy_id, version = timer.payload["policy"], timer.payload["version"]
    after = rules.recompute_batch(policy_id=policy_id, version=version, after=timer.payload["after"])
    if after is not None:
        arm(
            TimerSpec(
                key=f"sla.recompute:policy:{policy_id}:{version}:{after}",
                kind=rules.TIMER_RECOMPUTE,
                due_at=clock.now(),
                subject_type="sla_policy",
                subject_id=policy_id,
                payload={"policy": policy_id, "version": version, "after": after},
            )
        )
