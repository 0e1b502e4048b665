"""Guests of a room from outside: a signed link, shown once, that ends; every use of it is kept."""

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotFound, RateLimited
from core.events import record_events
from core.rate_limits import Limit, hit
from tickets import events
from tickets.models import Room, RoomEntry, RoomGuest, RoomVisit
from tickets.rooms import rooms
from tickets.rooms.choices import EntryKind, GuestKind, VisitKind

if TYPE_CHECKING:
    from crm.staff.models import User

INVITED, REVOKED = "ticket.room_guest_invited", "ticket.room_guest_revoked"
NAME_LENGTH, MOST_GUESTS, LONGEST_DAYS, USUAL_DAYS = 100, 20, 90, 7
LONGEST_TOKEN = 200
#: A link that is passed around stays usable, one that is hammered does not.
PER_GUEST = Limit("room-guest", calls=60, seconds=60, closes=True)
SHOWN_ENTRIES = 200
_signer = signing.Signer(salt="tickets.rooms.guest")


@dataclass(frozen=True)
class Invited:
    """A new guest, and the link that nobody can see again."""

    guest: RoomGuest
    url: str


@transaction.atomic
def invite(
    *, room: Room, actor: "User", name: str, kind: str = GuestKind.CARRIER, days: int = USUAL_DAYS,
    may_answer: bool = False,
) -> Invited:  # fmt: skip
    """Make a link for somebody outside, good for so many days."""
    held = rooms.steered(room, actor)
    if not name.strip():
        sentence = _("请填写来宾名称。")
        raise InvalidInput(sentence, fields={"name": [sentence]})
    if not 1 <= days <= LONGEST_DAYS:
        sentence = _("有效期须为 1 到 %(n)d 天。") % {"n": LONGEST_DAYS}
        raise InvalidInput(sentence, fields={"days": [sentence]})
    if sum(one.is_active for one in held.guests.all()) >= MOST_GUESTS:
        raise Conflict(_("最多同时 %(n)d 位来宾。") % {"n": MOST_GUESTS}, code="too_many")
    token = _signer.sign(secrets.token_urlsafe(24))
    guest = RoomGuest.objects.create(
        room=held,
        name=name.strip()[:NAME_LENGTH],
        kind=kind,
        digest=_digest(token),
        may_answer=may_answer,
        invited_by=actor,
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=days),
    )
    record_events([events.ticket_event(INVITED, held.ticket, actor, room=held.pk, guest=guest.pk)])
    rooms.tell(held)
    return Invited(guest, f"{settings.PUBLIC_URL}{reverse('room_guest', args=[token])}")


def guests_of(room: Room, user: "User") -> QuerySet[RoomGuest]:
    """The room's guests, for who sees the complaint; members who do not see none."""
    rows: Any = room.guests.select_related("invited_by")
    return rows if rooms.sees_ticket(room, user) else rows.none()  # type: ignore[no-any-return]


@transaction.atomic
def revoke(*, guest: RoomGuest, actor: "User") -> RoomGuest:
    """The link stops working at once."""
    held = rooms.steered(guest.room, actor, closed=True)
    fresh: RoomGuest = RoomGuest.objects.select_for_update().get(pk=guest.pk)
    if fresh.removed_at is None:
        fresh.removed_at, fresh.removed_by = clock.now(), actor
        fresh.save(update_fields=["removed_at", "removed_by"])
        record_events([events.ticket_event(REVOKED, held.ticket, actor, room=held.pk, guest=fresh.pk)])
        rooms.tell(held)
    return fresh


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def enter(*, token: str, address: str) -> RoomGuest:
    """The guest of a link that works now; the visit is kept, also one that is turned away.

    NotFound for what was never a link or has ended: strangers learn nothing of either. RateLimited when it is
    used too often.
    """
    guest = _guest(token)
    wait = hit(PER_GUEST, guest.digest)
    if wait:
        raise RateLimited(_("操作太频繁，请稍后再试。"), retry_after=wait)
    if not guest.is_active or not guest.room.is_open:
        _visit(guest, VisitKind.REFUSED, address)
        raise _closed()
    _visit(guest, VisitKind.SEEN, address)
    return guest


def _guest(token: str) -> RoomGuest:
    guest = None
    if 0 < len(token) <= LONGEST_TOKEN:
        try:
            _signer.unsign(token)
        except signing.BadSignature:
            raise _closed() from None
        rows = RoomGuest.objects.select_related("room__ticket").filter(digest=_digest(token))
        guest = rows.first()
    if guest is None:
        raise _closed()
    return guest


def _closed() -> NotFound:
    return NotFound(_("这个链接无效或已到期，请联系邀请您的客服。"), code="link_closed")


def _visit(guest: RoomGuest, kind: str, address: str) -> None:
    RoomVisit.objects.create(guest=guest, kind=kind, network=network_of(address), at=clock.now())


def network_of(address: str) -> str:
    """Where somebody came from without what leads to one machine: `203.0.113.0/24`; "" for no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def shown_to(guest: RoomGuest) -> list[RoomEntry]:
    """What was marked for guests, and what this guest said; the newest of them, oldest first."""
    rows = RoomEntry.objects.filter(room=guest.room_id).filter(Q(is_for_guests=True) | Q(guest=guest))
    return list(rows.select_related("author", "guest").order_by("-id")[:SHOWN_ENTRIES])[::-1]


@transaction.atomic
def answer(*, guest: RoomGuest, text: str, address: str) -> RoomEntry:
    """What a guest writes, where the link allows it. Other guests do not see it."""
    held = rooms.locked(guest.room)
    fresh: RoomGuest = RoomGuest.objects.get(pk=guest.pk)
    if not fresh.is_active:
        raise _closed()
    if not fresh.may_answer:
        raise Conflict(_("这个链接只能查看，不能答复。"), code="read_only")
    entry = RoomEntry.objects.create(
        room=held, kind=EntryKind.ANSWER, text=rooms.masked(held.ticket, text), guest=fresh
    )
    _visit(fresh, VisitKind.ANSWERED, address)
    rooms.tell(held)
    return entry


def visits_of(room: Room) -> dict[int, datetime]:
    """The newest visit of each guest of a room, by the guest's id."""
    rows = RoomVisit.objects.filter(guest__room=room).exclude(kind=VisitKind.REFUSED).order_by("guest_id", "-id")
    return dict(rows.distinct("guest_id").values_list("guest_id", "at"))
