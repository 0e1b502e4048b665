"""Who is at the desk."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import InvalidInput, NotAllowed
from core.events import EventData, record_event, record_events
from crm.staff.choices import Availability
from crm.staff.models import User
from crm.staff.services.guards import can_manage

# Longer than the idle limit of a session, so that nobody is sent away before their page is.
ABSENT_AFTER = timedelta(minutes=35)


def change_availability(*, user: User, availability: str, actor: User | None) -> User:
    """Set the person's state. People set their own; managers that of their people."""
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
            record_event(
                kind="staff.availability_changed",
                subject_type="user",
                subject_id=user.pk,
                actor=actor,
                payload={"from": before, "to": availability},
                audience=f"user:{user.pk}",
            )
    if changed:
        user.availability, user.availability_changed_at = availability, now
    return user


def mark_absent() -> int:
    """Set people offline whom nobody has seen for a while. Returns how many."""
    now = clock.now()
    with transaction.atomic():
        absent = list(
            User.objects.exclude(availability=Availability.OFFLINE)
            .filter(Q(last_seen_at__lt=now - ABSENT_AFTER))
            .select_for_update(skip_locked=True, of=("self",))
            .values_list("pk", "availability")
        )
        User.objects.filter(pk__in=[pk for pk, _before in absent]).update(
            availability=Availability.OFFLINE, availability_changed_at=now
        )
        record_events(
            [
                EventData(
                    kind="staff.availability_changed",
                    subject_type="user",
                    subject_id=pk,
                    actor=None,
                    payload={"from": before, "to": "offline", "reason": "absent"},
                    audience=f"user:{pk}",
                )
                for pk, before in absent
            ]
        )
    return len(absent)
