"""Sealing goes on by itself."""

from datetime import datetime, timedelta

from core.audit.services import seal
from core.timers import periodic


@periodic("audit.seal", every=timedelta(minutes=1))
def seal_history(slot: datetime) -> None:
    """Seal what was written since the last minute."""
    seal()
