"""What happens when a moment of a ticket comes."""

from datetime import datetime, timedelta

from core.events import record_events
from core.timers import Timer, periodic, timer_handler
from tickets import abuse_timers as abuse_timers  # registers its own
from tickets import aftersales_timers as aftersales_timers  # likewise
from tickets import appointment_timers as appointment_timers  # likewise
from tickets import grading_timers as grading_timers  # likewise
from tickets import ledger_timers as ledger_timers  # likewise
from tickets import legal_timers as legal_timers  # likewise
from tickets import outcome_timers as outcome_timers  # likewise
from tickets.grading import watching as grading
from tickets.procedures import following
from tickets.services import (
    arriving,
    email,
    intake,
    routing,
    rules,
    sending,
    sla,
    snoozing,
    threads,
    transitions,
    waiting,
)
from tickets.services.chat import bot, conversations
from tickets.services.mailboxes import polling
from tickets.services.norms import judging


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
    intake.sweep(takers={email.CHANNEL: email.take_up, **arriving.takers()})


@timer_handler(threads.TIMER_TAKE)
def take_message(timer: Timer) -> None:
    """A platform delivered a message and got its acknowledgement; now it becomes a conversation."""
    arriving.take_up_by_id(timer.subject_id or 0)


@periodic("tickets.mail_poll", every=polling.EVERY)
def fetch_mail(slot: datetime) -> None:
    """Let the outbox fetch the mail of every mailbox that is due."""
    polling.queue_polls(slot)


@periodic("tickets.close_unopposed", every=timedelta(minutes=10))
def close_unopposed(slot: datetime) -> None:
    """Close solved tickets that nobody objected to in time."""
    transitions.close_unopposed()


@timer_handler(rules.TIMER_RECOMPUTE)
def recompute_clocks(timer: Timer) -> None:
    """A policy or calendar changed: recompute open clocks batch by batch, each batch its own timer."""
    policy_id = timer.payload["policy"]
    after = rules.recompute_batch(policy_id=policy_id, after=timer.payload["after"])
    if after is not None:
        rules.recompute_later(policy_id=policy_id, cause=timer.payload["cause"], after=after)


@timer_handler(judging.TIMER_NORM)
def norm_moment(timer: Timer) -> None:
    """The target time of a stage after the solution is over."""
    judging.time_is_up(
        norm_id=timer.payload["norm"],
        ticket_id=timer.subject_id or 0,
        round_number=timer.payload["round"],
        due_at=timer.due_at,
    )


@timer_handler(snoozing.TIMER_WAKE)
def wake_moment(timer: Timer) -> None:
    """A ticket that was put away comes back."""
    snoozing.moment_came(ticket_id=timer.subject_id or 0, due_at=timer.due_at)


@timer_handler(waiting.TIMER_SEND)
def reply_moment(timer: Timer) -> None:
    """A reply has waited long enough."""
    sending.send_due(waiting_id=timer.subject_id or 0, due_at=timer.due_at)


@periodic("tickets.chat_sweep", every=timedelta(seconds=5))
def acknowledge_stranded_chats(slot: datetime) -> None:
    """Go on with conversations whose process died before it acknowledged them."""
    conversations.sweep()


@periodic("tickets.chat_quiet", every=timedelta(minutes=1))
def end_quiet_chats(slot: datetime) -> None:
    """End conversations with the bot in which nobody speaks any more."""
    bot.end_quiet()


@periodic("tickets.complaint_sop", every=timedelta(minutes=5))
def start_missing_procedures(slot: datetime) -> None:
    """Every open complaint has its procedure and its level, whatever happened to the news of it."""
    following.sweep()
    grading.sweep()
