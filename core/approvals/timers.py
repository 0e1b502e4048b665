from core.approvals.services import EXPIRY_TIMER, expire
from core.timers import Timer, timer_handler


@timer_handler(EXPIRY_TIMER)
def approval_expired(timer: Timer) -> None:
    if timer.subject_id is not None:
        expire(request_id=timer.subject_id)
