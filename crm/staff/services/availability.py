"""Who is at the desk."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import record_events
from crm.staff.choices import Availability, AwayReason
from crm.staff.models import User
from crm.staff.services import presence
from crm.staff.services.guards import can_manage

# Longer than the idle limit of a session, so that nobody is sent away before their page is.
ABSENT_AFTER = timedelta(minutes=35)


def change_availability(*, user: User, availability: str, actor: User | None) -> User:
    """Set the person's state. People set their own; managers that of their people. Who goes offline gives
    their chats back."""
    if availability not in Availability.values:
        sentence = str(_("未知的在线状态。"))
        raise InvalidInput(sentence, fields={"availability": [sentence]})
    if actor is not None:
        own = actor.pk == user.pk and actor.has_perm("staff.change_own_availability")
        if not own and not can_manage(actor, user):
            raise NotAllowed(_("只能切换自己的在线状态。"))
    before = user.availability
    now = clock.now()
    with transaction.atomic():
        changed = (
            User.objects.filter(pk=user.pk, is_active=True)
            .exclude(availability=availability)
            .update(availability=availability, availability_changed_at=now)
        )
        if changed:
            returned = presence.note_change(user=user, availability=availability, actor=actor)
            more = {"returned": returned} if returned else {}
            record_events([presence.availability_event(user, actor, before=before, after=availability, **more)])
    if changed:
        user.availability, user.availability_changed_at = availability, now
    return user


def mark_absent() -> int:
    """Set people offline whom nobody has seen for a while. Returns how many."""
    with transaction.atomic():
        absent = User.objects.exclude(availability=Availability.OFFLINE).filter(
            last_seen_at__lt=clock.now() - ABSENT_AFTER
        )
        return presence.send_away(absent, reason=AwayReason.ABSENT, actor=None)
