"""One text to the customers of many tickets: filled for each, sent once for each, by the outbox.

What cannot be filled is listed when the bulk is made and never sent. Sending writes the message and the state of
its row together, so that a repeated delivery finds the row already sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.events import record_event
from core.outbox.queueing import OutboxData, enqueue_many
from core.wording import listed
from crm.staff.models import User
from crm.workbench.models import BulkReply, BulkReplyRow, BulkReplyState
from scripts_library.models import ScriptVersion
from scripts_library.placeholders import PLACEHOLDERS, problems, render
from scripts_library.rendering import ticket_values
from tickets.models import Ticket
from tickets.services import conversation

KIND = "bulk_reply"
MOST = 500
BODY_LENGTH = 20_000
SHOWN = 3


@dataclass(frozen=True)
class Filled:
    """The text for one ticket; `missing` says in words what it lacks."""

    ticket: Ticket
    text: str
    missing: str


def fill(*, actor: User, body: str, tickets: Sequence[Ticket]) -> list[Filled]:
    """The text for each ticket, as it would be sent. Raises InvalidInput for a text nobody could fill."""
    _check_body(body)
    found = []
    for ticket in tickets:
        rendered = render(body, ticket_values(str(ticket.pk), actor))
        missing = listed(str(PLACEHOLDERS.get(name, name)) for name in rendered.missing)
        found.append(Filled(ticket, rendered.text, missing))
    return found


def _check_body(body: str) -> None:
    faults = problems(body)
    if not body.strip():
        faults = [_("请填写内容。")]
    elif len(body) > BODY_LENGTH:
        faults = [_("内容不能超过 %(n)d 个字符。") % {"n": BODY_LENGTH}]
    if faults:
        raise InvalidInput(faults[0], fields={"body": faults})


def chosen(actor: User, ticket_ids: Sequence[int]) -> list[Ticket]:
    """The tickets to answer, within the person's sight. Raises InvalidInput for none or too many."""
    ids = list(dict.fromkeys(ticket_ids))
    if len(ids) > MOST:
        sentence = _("一次最多回复 %(n)d 张工单。") % {"n": MOST}
        raise InvalidInput(sentence, fields={"tickets": [sentence]})
    rows = list(Ticket.objects.visible_to(actor).filter(pk__in=ids).for_list().order_by("pk"))
    if not rows:
        sentence = _("请先选择工单。")
        raise InvalidInput(sentence, fields={"tickets": [sentence]})
    return rows


def reply_many(
    *, actor: User, body: str, ticket_ids: Sequence[int], key: UUID, script_version: ScriptVersion | None = None
) -> BulkReply:
    """Queue the answers. The same key again gives the bulk that was made first."""
    if not actor.has_perm("workbench.add_bulkreply") or not actor.has_perm("tickets.reply_ticket"):
        raise NotAllowed(_("您没有群发回复的权限。"))
    known = BulkReply.objects.filter(key=key, actor=actor).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    filled = fill(actor=actor, body=body, tickets=chosen(actor, ticket_ids))
    try:
        return _store(actor, body, filled, key, script_version)
    except IntegrityError:
        raise Conflict(_("这次群发已经提交。"), code="already_done") from None


@transaction.atomic
def _store(actor: User, body: str, filled: list[Filled], key: UUID, script_version: ScriptVersion | None) -> BulkReply:
    bulk: BulkReply = BulkReply.objects.create(actor=actor, body=body, script_version=script_version, key=key)
    rows = BulkReplyRow.objects.bulk_create(
        BulkReplyRow(
            bulk=bulk,
            ticket=item.ticket,
            state=BulkReplyState.UNFILLED if item.missing else BulkReplyState.WAITING,
            reason=_("缺少：%(names)s") % {"names": item.missing} if item.missing else "",
        )
        for item in filled
    )
    enqueue_many(
        [
            OutboxData(kind=KIND, dedupe_key=f"bulk-reply:{row.pk}", target=f"bulk:{bulk.pk}", payload={"row": row.pk})
            for row in rows
            if row.state == BulkReplyState.WAITING
        ]
    )
    record_event(
        kind="bulk.replied",
        subject_type="bulk_reply",
        subject_id=bulk.pk,
        actor=actor,
        payload={"tickets": len(rows), "unfilled": sum(row.state == BulkReplyState.UNFILLED for row in rows)},
        audience=f"user:{actor.pk}",
    )
    return bulk


@transaction.atomic
def send_row(row_id: int) -> None:
    """Send one answer, unless it was sent already. What the ticket refuses is kept with the reason."""
    row = (
        BulkReplyRow.objects.select_for_update(of=("self",))
        .select_related("bulk__actor", "bulk__script_version", "ticket")
        .get(pk=row_id)
    )
    if row.state != BulkReplyState.WAITING:
        return
    try:
        with transaction.atomic():
            row.message = _say(row)
    except DomainError as error:
        row.state, row.reason = BulkReplyState.REFUSED, error.message[:300]
    else:
        row.state, row.sent_at = BulkReplyState.SENT, clock.now()
    row.save(update_fields=["state", "reason", "message", "sent_at"])


def _say(row: BulkReplyRow) -> "conversation.TicketMessage":
    """The reply, filled with what the ticket says now. Sight and rights are asked anew: time has passed."""
    actor: User = row.bulk.actor
    if not actor.is_active or not actor.has_perm("tickets.reply_ticket"):
        raise NotAllowed(_("您没有回复工单的权限。"))
    text = render(row.bulk.body, ticket_values(str(row.ticket_id), actor)).text
    return conversation.reply(ticket=row.ticket, actor=actor, body=text, script_version=row.bulk.script_version)


@dataclass(frozen=True)
class Progress:
    total: int
    waiting: int
    sent: int
    failed: int

    @property
    def is_done(self) -> bool:
        return self.waiting == 0

    @property
    def share(self) -> int:
        """Percent that have left the queue."""
        return round(100 * (self.total - self.waiting) / self.total) if self.total else 100


def progress_of(bulk: BulkReply) -> Progress:
    """How far the sending is, in one statement."""
    rows = dict(bulk.rows.order_by().values_list("state").annotate(n=Count("pk")))
    total = sum(rows.values())
    waiting, sent = rows.get(BulkReplyState.WAITING, 0), rows.get(BulkReplyState.SENT, 0)
    return Progress(total, waiting, sent, total - waiting - sent)
