"""Periodic work of the script library."""

from datetime import datetime

from core.ranking.refreshing import REFRESH_EVERY, refresh_if_changed
from core.timers import periodic
from scripts_library.suggestion import SCRIPTS


@periodic("scripts.recount", every=REFRESH_EVERY)
def recount_scripts(slot: datetime) -> None:
    """Word counts and profiles of scripts, when something changed."""
    refresh_if_changed(SCRIPTS, slot)
