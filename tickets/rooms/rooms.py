"""Opening a room, who is in it, what is said and decided (C27). Nothing said is ever changed."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.events import EventData, record_events
from core.language import mask_name, mask_text
from core.procedures.models import ProcedureTask
from tickets import events
from tickets.choices import TicketType
from tickets.models import Room, RoomEntry, RoomMember, Ticket
from tickets.procedures.kind import SUBJECT
from tickets.rooms.choices import EntryKind
from tickets.services import routing, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

OPENED, CLOSED, REOPENED = "ticket.room_opened", "ticket.room_closed", "ticket.room_reopened"
#: Heard by who is in the room: says no more than that there is something new.
CHANGED = "room.changed"
SUMMARY_LENGTH, TEXT_LENGTH, MOST_MEMBERS = 1000, 2000, 50
#: What staff may write; answers are the guests'.
WRITTEN = (EntryKind.NOTE, EntryKind.DECISION)
WRITTEN_KINDS = [(kind.value, kind.label) for kind in WRITTEN]


@transaction.atomic
def open_room(
    *,
    ticket: Ticket,
    actor: "User",
    summary: str = "",
    due_at: datetime | None = None,
    members: Collection[int] = (),
) -> Room:
    """Open the room of a complaint; who opens it is in it. Personal data in the summary are masked for good."""
    _need(actor, "tickets.add_room", _("您没有发起会商的权限。"))
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    if ticket.type != TicketType.COMPLAINT:
        raise Conflict(_("只有投诉可以发起会商。"), code="not_a_complaint")
    known = Room.objects.filter(ticket=ticket).first()
    if known is not None:
        raise Conflict(_("这张投诉已有会商室。"), code="already_open", room=known.pk)
    _check_due(due_at)
    words = summary.strip() or ticket.subject or ticket.category or ticket.get_type_display()
    room = Room.objects.create(
        ticket=ticket, summary=masked(ticket, words, most=SUMMARY_LENGTH), due_at=due_at, opened_by=actor
    )
    _join(room, actor, {actor.pk, *members})
    record_events([events.ticket_event(OPENED, ticket, actor, room=room.pk), _news(room)])
    return room


@transaction.atomic
def add_members(*, room: Room, actor: "User", members: Collection[int]) -> list[RoomMember]:
    """Bring colleagues in, of any department; who was taken out comes back. Returns who is in now."""
    held = steered(room, actor)
    _join(held, actor, set(members))
    record_events([_news(held)])
    return members_of(held)


def _join(room: Room, actor: "User", wanted: set[int]) -> None:
    people: Any = get_user_model().objects
    known = {person.pk for person in people.active().filter(pk__in=wanted) if person.has_perm("tickets.view_room")}
    if wanted - known:
        sentence = _("没有这位员工，或其不能参加会商。")
        raise InvalidInput(sentence, fields={"members": [sentence]})
    present = {one.user_id for one in room.members.standing()}
    if len(present | wanted) > MOST_MEMBERS:
        sentence = _("最多 %(n)d 位成员。") % {"n": MOST_MEMBERS}
        raise InvalidInput(sentence, fields={"members": [sentence]})
    for pk in sorted(wanted - present):
        RoomMember.objects.update_or_create(
            room=room, user_id=pk, defaults={"added_by": actor, "added_at": clock.now(), "removed_at": None}
        )


@transaction.atomic
def remove_member(*, room: Room, actor: "User", member: int) -> None:
    """Take somebody out: from then on the room does not exist for them, unless they see the complaint."""
    held = steered(room, actor)
    if not held.members.standing().filter(user=member).update(removed_at=clock.now()):
        raise NotFound(_("会商室里没有这位成员。"))
    record_events([_news(held, also=member)])


@transaction.atomic
def write(
    *, room: Room, actor: "User", text: str, kind: str = EntryKind.NOTE, is_for_guests: bool = False
) -> RoomEntry:
    """Say or decide something. A decision says who, what and when, and stays as it is. Personal data are masked."""
    held = locked(room)
    if not may_write(held, actor):
        raise NotAllowed(_("您不是会商成员，不能发言。"))
    if kind not in WRITTEN:
        sentence = _("请选择讨论或决定。")
        raise InvalidInput(sentence, fields={"kind": [sentence]})
    entry = RoomEntry.objects.create(
        room=held, kind=kind, text=masked(held.ticket, text), author=actor, is_for_guests=is_for_guests
    )
    record_events([_news(held)])
    return entry


def masked(ticket: Ticket, text: str, *, most: int = TEXT_LENGTH) -> str:
    """What of a text may stand in a room: no numbers, addresses or names, least of all the customer's."""
    words = text.strip()
    if not words:
        sentence = _("请填写内容。")
        raise InvalidInput(sentence, fields={"text": [sentence]})
    name = ticket.customer.name or ""
    known = words[:most].replace(name, mask_name(name)) if len(name) > 1 else words[:most]
    return mask_text(known)


@transaction.atomic
def set_due(*, room: Room, actor: "User", due_at: datetime | None) -> Room:
    """The moment by which the room must be done; None takes it away."""
    held = steered(room, actor)
    _check_due(due_at)
    held.due_at = due_at
    held.save(update_fields=["due_at"])
    record_events([_news(held)])
    return held


@transaction.atomic
def close(*, room: Room, actor: "User", decision: str) -> Room:
    """End it with its last decision. Links of guests stop working with it."""
    held = steered(room, actor)
    write(room=held, actor=actor, text=decision, kind=EntryKind.DECISION)
    held.closed_by, held.closed_at = actor, clock.now()
    held.save(update_fields=["closed_by", "closed_at"])
    record_events([events.ticket_event(CLOSED, held.ticket, actor, room=held.pk), _news(held)])
    return held


@transaction.atomic
def reopen(*, room: Room, actor: "User") -> Room:
    """Go on in a room that was closed."""
    held = steered(room, actor, closed=True)
    if held.is_open:
        return held
    held.closed_by = held.closed_at = None
    held.save(update_fields=["closed_by", "closed_at"])
    record_events([events.ticket_event(REOPENED, held.ticket, actor, room=held.pk), _news(held)])
    return held


# Who may


def sees_ticket(room: Room, user: "User") -> bool:
    """Whether the person sees the complaint itself, not only its room."""
    return bool(Ticket.objects.visible_to(user).filter(pk=room.ticket_id).exists())


def may_steer(room: Room, user: "User") -> bool:
    """Members, guests, moments and the end are for who works on the complaint."""
    return user.has_perm("tickets.change_room") and sees_ticket(room, user)


def may_write(room: Room, user: "User") -> bool:
    """Members, and who works on the complaint."""
    if not user.has_perm("tickets.add_roomentry"):
        return False
    return room.members.standing().filter(user=user).exists() or sees_ticket(room, user)


# What is in it


def members_of(room: Room) -> list[RoomMember]:
    rows = room.members.standing().select_related("user", "added_by").prefetch_related("user__departments")
    return list(rows.order_by("id"))


def tasks_of(room: Room) -> list[ProcedureTask]:
    """The departments' tasks for the complaint, open ones first, the nearest end first. They are not the room's."""
    rows: Any = ProcedureTask.objects.filter(run__subject_type=SUBJECT, run__subject_id=room.ticket_id)
    return list(rows.exclude(state="cancelled").select_related("department", "assignee", "done_by").order_by(
        "done_at", "due_at", "id")[:100])  # fmt: skip


def locked(room: Room, *, closed: bool = False) -> Room:
    """The fresh row, held until the transaction ends; Conflict when the room is closed, unless that is fine."""
    held: Room = Room.objects.select_for_update(of=("self",)).select_related("ticket__customer").get(pk=room.pk)
    if not closed and not held.is_open:
        raise Conflict(_("会商已结束。"), code="closed")
    return held


def steered(room: Room, actor: "User", *, closed: bool = False) -> Room:
    """As `locked`, for who works on the complaint; NotAllowed for others."""
    held = locked(room, closed=closed)
    if not may_steer(held, actor):
        raise NotAllowed(_("只有处理这张投诉的同事可以调整会商室。"))
    return held


def _check_due(due_at: datetime | None) -> None:
    if due_at is not None and due_at <= clock.now():
        sentence = _("期限须晚于现在。")
        raise InvalidInput(sentence, fields={"due_at": [sentence]})


def _news(room: Room, *, also: int | None = None) -> EventData:
    people = {one.user_id for one in room.members.standing()} | ({also} if also else set())
    return EventData(
        kind=CHANGED,
        subject_type="room",
        subject_id=room.pk,
        actor=None,
        audience=[f"queue:{room.ticket.queue_id}", *(f"user:{pk}" for pk in sorted(people))],
        payload={"room": room.pk},
    )


def tell(room: Room) -> None:
    """Let open pages look again, in the caller's transaction."""
    record_events([_news(room)])


def _need(actor: "User", right: str, sentence: str) -> None:
    if not actor.has_perm(right):
        raise NotAllowed(sentence)
