from celery import shared_task

from core import drain as engine
from core.timers.heartbeats import beat


@shared_task(name=engine.TASK)
def drain() -> None:
    """Do what is due. Safe to run any number of times at once."""
    engine.take_nudge()
    beat("worker")
    engine.drain()
