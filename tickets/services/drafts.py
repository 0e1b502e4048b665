"""Drafts: what a person typed and did not send, kept on the server so that no browser can lose it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from tickets.choices import DraftKind
from tickets.models import Attachment, Draft, Ticket

if TYPE_CHECKING:
    from crm.staff.models import User
    from scripts_library.models import ScriptVersion

MAX_BODY = 20_000


def drafts_of(*, ticket: Ticket, author: "User") -> dict[str, Draft]:
    """The person's drafts on the ticket, by kind. Nobody ever reads another's."""
    rows = Draft.objects.filter(ticket=ticket, author=author).prefetch_related("attachments")
    return {row.kind: row for row in rows}


def check_kind(kind: str) -> str:
    if kind not in DraftKind.values:
        sentence = _("没有这种草稿：%(kind)s。") % {"kind": kind[:20]}
        raise InvalidInput(sentence, fields={"kind": [sentence]})
    return kind


def check_length(body: str) -> None:
    if len(body) > MAX_BODY:
        sentence = _("内容不能超过 %(n)d 个字符。") % {"n": MAX_BODY}
        raise InvalidInput(sentence, fields={"body": [sentence]})


@transaction.atomic
def save_draft(
    *,
    ticket: Ticket,
    actor: "User",
    kind: str,
    body: str,
    script_version: "ScriptVersion | None" = None,
    attachments: Sequence[Attachment] | None = None,
) -> Draft | None:
    """Keep what is typed; empty text without files ends the draft. `attachments` None leaves the files as they are."""
    check_kind(kind)
    check_length(body)
    draft = Draft.objects.select_for_update().filter(ticket=ticket, author=actor, kind=kind).first()
    files = list(attachments) if attachments is not None else (list(draft.attachments.all()) if draft else [])
    if not body.strip() and not files:
        if draft is not None:
            draft.delete()
        return None
    if draft is None:
        # Two browsers of one person may begin at once: the later one writes into the row of the first.
        Draft.objects.bulk_create(
            [Draft(ticket=ticket, author=actor, kind=kind, body=body)],
            ignore_conflicts=True,
        )
        draft = Draft.objects.select_for_update().get(ticket=ticket, author=actor, kind=kind)
    draft.body, draft.script_version = body, script_version
    draft.save(update_fields=["body", "script_version", "updated_at"])
    if attachments is not None:
        draft.attachments.set(attachments)
    return draft


def drop_draft(*, ticket: Ticket, actor: "User", kind: str) -> None:
    """It was sent."""
    Draft.objects.filter(ticket=ticket, author=actor, kind=kind).delete()
