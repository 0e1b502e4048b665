"""Who is really there: signs of life, and what becomes of the chats of those who are not.

A page that is open, a live stream and a key in use each give a sign of life at most every 20 seconds.
Whoever gives none for 45 seconds is set offline at the next look, ten seconds later at most, and their
chats stand in the queue again: within a minute, whatever happened to the person or their machine.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import EventData, record_events
from core.timers import PeriodicRun
from crm.staff.choices import Availability, AwayReason
from crm.staff.models import Presence, User
from crm.staff.services.guards import can_manage
from crm.staff.token_cache import forget_tokens_of
from tickets.services import routing

GONE_AFTER = timedelta(seconds=45)
LOOK_EVERY = timedelta(seconds=10)
#: The promise that the three above keep.
RETURNED_WITHIN = timedelta(seconds=60)
WATCH = "staff.gone"
REASON_LENGTH = 200
# Of the looks that fall into GONE_AFTER so many must have taken place.
_LOOKS_NEEDED = 3


def note_change(*, user: User, availability: str, actor: User | None) -> int:
    """What a change of state brings, in its transaction: chats of who leaves go back. Returns how many."""
    now = clock.now()
    if availability != Availability.OFFLINE:
        Presence.objects.update_or_create(user=user, defaults={"beat_at": now, "away_reason": ""})
        return 0
    returned = routing.release_agent(agent=user, actor=actor, live_only=True, reason="offline")
    Presence.objects.filter(user=user).update(away_reason="", away_at=now, returned=returned)
    return returned


def send_gone_away() -> int:
    """Set offline whose pages and keys have been silent too long; their chats go back. Returns how many people."""
    with transaction.atomic():
        silent = Presence.objects.silent_since(clock.now() - GONE_AFTER).values("user")
        people = User.objects.exclude(availability=Availability.OFFLINE).filter(pk__in=silent)
        return send_away(people, reason=AwayReason.GONE, actor=None)


def was_watched(slot: datetime) -> bool:
    """Whether somebody was there to look all the while before `slot`.

    After the whole system stood still nobody's pages could give a sign: then people get the time to come back.
    """
    looks = PeriodicRun.objects.filter(name=WATCH, slot_at__lt=slot, slot_at__gte=slot - GONE_AFTER)
    return looks.count() >= _LOOKS_NEEDED


def send_away(people: Any, *, reason: str, actor: User | None) -> int:
    """Set the people of the queryset offline; two callers at once take each person once. Call in a transaction."""
    now = clock.now()
    locked = list(people.select_for_update(skip_locked=True, of=("self",)))
    User.objects.filter(pk__in=[person.pk for person in locked]).update(
        availability=Availability.OFFLINE, availability_changed_at=now
    )
    told = []
    for person in locked:
        before = person.availability
        returned = routing.release_agent(agent=person, actor=actor, live_only=True, reason=reason)
        Presence.objects.update_or_create(
            user=person, defaults={"away_reason": reason, "away_at": now, "returned": returned}
        )
        told.append(availability_event(person, actor, before=before, after="offline", reason=reason, returned=returned))
    record_events(told)
    return len(locked)


def availability_event(person: User, actor: User | None, *, before: str, after: str, **more: Any) -> EventData:
    """Heard live by the person and by those who see their queues."""
    audience: Sequence[str] = [f"user:{person.pk}", *(f"queue:{queue_id}" for queue_id in sorted(person.queue_ids))]
    return EventData(
        kind="staff.availability_changed",
        subject_type="user",
        subject_id=person.pk,
        actor=actor,
        payload={"from": before, "to": after, **more},
        audience=audience,
    )


def force_logout(*, user: User, actor: User, reason: str) -> int:
    """End every session of the person at once; their chats go back. Returns how many chats.

    Raises NotAllowed for who may not manage them, Conflict for oneself, InvalidInput without a reason.
    """
    if not can_manage(actor, user):
        raise NotAllowed(_("只有主管和管理员可以强制下线，主管只能管理本团队的客服和组长。"))
    if actor.pk == user.pk:
        raise Conflict(_("不能强制下线自己，请直接退出登录。"), code="oneself")
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        sentence = str(_("请填写原因，最多 %(limit)s 字。") % {"limit": REASON_LENGTH})
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        before = person.availability
        person.session_epoch += 1
        person.availability, person.availability_changed_at = Availability.OFFLINE, clock.now()
        person.save(update_fields=["session_epoch", "availability", "availability_changed_at"])
        returned = routing.release_agent(agent=person, actor=actor, live_only=True, reason="forced")
        Presence.objects.update_or_create(
            user=person,
            defaults={"away_reason": AwayReason.FORCED, "away_at": clock.now(), "returned": returned},
        )
        event = availability_event(
            person, actor, before=before, after="offline", reason="forced", words=reason, returned=returned
        )
        record_events([event])
        transaction.on_commit(lambda: forget_tokens_of(person.pk))
    user.session_epoch, user.availability = person.session_epoch, person.availability
    return returned
