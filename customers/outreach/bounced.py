"""Mail of ours that came back: the row says so, and the customer is told another way where it matters."""

import re
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from core import clock
from customers import events
from customers.models import Outreach
from customers.outreach import rules
from customers.outreach.contacting import ENDED
from customers.outreach.reaching import USUAL_CHANNELS, Wanted, reach
from customers.outreach.ways import signature
from customers.outreach_choices import COUNTED, OutreachChannel, OutreachReason, OutreachStatus

_OURS_WITHIN = re.compile(r"(?<![\w-])outreach-(\d{1,18})\.([0-9a-f]{20})@", re.ASCII)


def find_own(texts: Iterable[str]) -> Outreach | None:
    """The message whose Message-ID stands anywhere in these texts; a made-up id finds nothing."""
    for text in texts:
        for match in _OURS_WITHIN.finditer(text):
            row = Outreach.objects.filter(pk=int(match[1])).first()
            if row is not None and constant_time_compare(match[2], signature(row)):
                return row
    return None


def latest_mail_about(*, subject_type: str, subject_id: int) -> Outreach | None:
    """The newest mail about a subject: for letters that bear the number of what they are about."""
    rows = Outreach.objects.filter(subject_type=subject_type, subject_id=subject_id, channel=OutreachChannel.EMAIL)
    found: Outreach | None = rows.order_by("-pk").first()
    return found


@transaction.atomic
def came_back(*, outreach: Outreach) -> bool:
    """A mail that had left was refused by the other side: it counts as not delivered. Once for each message.

    Where a person takes over what no system delivers, it is tried another way, unless one is under way already.
    """
    moment = clock.now()
    sent = Outreach.objects.filter(pk=outreach.pk, status=OutreachStatus.SENT)
    failed, reason = OutreachStatus.FAILED, OutreachReason.BOUNCED
    if not sent.update(status=failed, reason=reason, ended_at=moment, updated_at=moment):
        return False
    events.record_customer_event(
        ENDED, outreach.customer_id, None, outreach=outreach.pk, purpose=outreach.purpose, status=failed, why=reason
    )
    if rules.RULES[outreach.purpose].falls_to_hand and not _is_told_otherwise(outreach):
        _tell_otherwise(outreach)
    return True


def _is_told_otherwise(row: Outreach) -> bool:
    if row.subject_id is None:
        return False
    same = Q(subject_type=row.subject_type, subject_id=row.subject_id, customer=row.customer_id)
    return Outreach.objects.filter(same, status__in=COUNTED).exclude(pk=row.pk).exists()


def _tell_otherwise(row: Outreach) -> None:
    channels = [channel for channel in USUAL_CHANNELS if channel != row.channel]
    again = Wanted(
        key=f"again:{row.pk}", customer=row.customer, purpose=row.purpose, title=row.title, body=row.body or "",
        channels=channels, subject_type=row.subject_type, subject_id=row.subject_id,
    )  # fmt: skip
    reach(wanted=again, actor=None)
