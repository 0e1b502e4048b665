"""Freezing evidence under its hash, and proving later that nothing has changed."""

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.events import EventData, record_events
from tickets import events
from tickets.legal_choices import EvidenceKind
from tickets.models import Attachment, Evidence, Investigation, LegalCase, Ticket
from tickets.services.legal import sources
from tickets.services.legal.clocks import refuse

if TYPE_CHECKING:
    from crm.staff.models import User

FROZEN = "evidence.frozen"
TITLE_LENGTH = 200
#: What is read from the ticket itself, not brought by anybody.
FROM_TICKET = (EvidenceKind.CONVERSATION, EvidenceKind.ORDER, EvidenceKind.LOGISTICS)
_CHUNK = 64 * 1024


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_file(attachment: Attachment) -> str:
    """The SHA-256 of the stored bytes, read now. Raises FileNotFoundError when they are gone."""
    digest = hashlib.sha256()
    with attachment.file.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _may(actor: "User") -> None:
    if not actor.has_perm("tickets.add_evidence"):
        raise NotAllowed(_("您没有固定证据的权限。"))


@transaction.atomic
def freeze(*, ticket: Ticket, actor: "User", kind: str) -> Evidence:
    """Keep conversation, order or logistics of the ticket as they stand now.

    Raises InvalidInput for another kind, Conflict "nothing" when the ticket has no such thing.
    """
    _may(actor)
    match kind:
        case EvidenceKind.CONVERSATION:
            found: Any = sources.conversation(ticket)
        case EvidenceKind.ORDER:
            found = sources.order(ticket)
        case EvidenceKind.LOGISTICS:
            found = sources.logistics(ticket)
        case _:
            refuse("kind", _("只能从工单固定会话、订单或物流记录；其他请上传文件。"))
    if found is None:
        raise Conflict(_("工单没有关联订单，无法固定这项记录。"), code="nothing")
    content = sources.written(found)
    title = f"{EvidenceKind(kind).label} {ticket.number}"
    return _keep(ticket=ticket, actor=actor, kind=kind, title=title, content=content, digest=digest_of(content),
                 size=len(content.encode()))  # fmt: skip


@transaction.atomic
def freeze_file(
    *,
    attachment: Attachment,
    actor: "User",
    title: str = "",
    kind: str = EvidenceKind.FILE,
    url: str = "",
    ticket: Ticket | None = None,
    case: LegalCase | None = None,
    investigation: Investigation | None = None,
) -> Evidence:
    """Keep a stored file as evidence: a photo, a document, the picture of a page with its address.

    The bytes are read and hashed again here. Raises Conflict "changed" when they are not what was uploaded.
    """
    _may(actor)
    if kind not in (EvidenceKind.FILE, EvidenceKind.PAGE):
        refuse("kind", _("上传的文件只能是文件或页面快照。"))
    if kind == EvidenceKind.PAGE and urlsplit(url).scheme not in ("http", "https"):
        refuse("url", _("请填写页面的网址，以 http:// 或 https:// 开头。"))
    if investigation is not None:
        ticket = investigation.ticket
        if not investigation.is_open:
            raise Conflict(_("调查已有结论，不能再加入证据。"), code="concluded")
    if case is not None and ticket is None:
        ticket = case.ticket
    digest = digest_of_file(attachment)
    if digest != attachment.sha256:
        raise Conflict(_("文件与上传时的指纹不符。"), code="changed")
    return _keep(
        ticket=ticket, case=case, investigation=investigation, actor=actor, kind=kind, url=url,
        title=(title.strip() or attachment.name)[:TITLE_LENGTH], attachment=attachment, digest=digest,
        size=attachment.size,
    )  # fmt: skip


def _keep(*, actor: "User", ticket: Ticket | None, case: LegalCase | None = None, **values: Any) -> Evidence:
    made: Evidence = Evidence.objects.create(ticket=ticket, case=case, frozen_by=actor, frozen_at=clock.now(), **values)
    told = {"evidence": made.pk, "evidence_kind": str(made.kind), "digest": made.digest}
    if ticket is not None:
        record_events([events.ticket_event(FROZEN, ticket, actor, **told)])
    else:
        record_events(
            [EventData(kind=FROZEN, subject_type="legal_case", subject_id=made.case_id, actor=actor, payload=told)]
        )
    return made


def is_intact(evidence: Evidence) -> bool:
    """Whether it is still what was frozen. A file that is gone is not."""
    if evidence.attachment is None:
        return digest_of(evidence.content or "") == evidence.digest
    try:
        return digest_of_file(evidence.attachment) == evidence.digest
    except FileNotFoundError:
        return False
