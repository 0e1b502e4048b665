"""The evidence pack: one ZIP with a PDF that explains it, and every file's hash in its manifest."""

import hashlib
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.errors import NotAllowed, TooLarge
from core.events import EventData, record_events
from core.language import mask_text
from core.privacy.services import REVEAL_PERMISSION
from tickets import events
from tickets.models import Attachment, Evidence, EvidencePack, LegalCase, Ticket
from tickets.services.attachments import clean_name
from tickets.services.legal import pack_document, sources
from tickets.services.legal.clocks import refuse
from tickets.services.legal.evidence import is_intact
from tickets.services.legal.pack_document import Contents, Exhibit

if TYPE_CHECKING:
    from crm.staff.models import User

EXPORTED = "evidence.exported"
MANIFEST, MANIFEST_HASH, DOCUMENT = "manifest.json", "manifest.sha256", "evidence.pdf"
#: How a pack is handed out: everything, or its paper alone. Both are the same pack under the same manifest.
ZIP, PDF = "zip", "pdf"
FILE_TYPES = {ZIP: "application/zip", PDF: "application/pdf"}
#: The files of facts, and what they are called on paper.
FACTS = {
    "case": gettext_lazy("案件"),
    "conversation": gettext_lazy("会话记录"),
    "order": gettext_lazy("订单记录"),
    "logistics": gettext_lazy("物流记录"),
}
REASON_LENGTH = 200
#: More than a dispute has; keeps one export from filling a disk.
MOST_FILES, MOST_BYTES = 500, 500 * 1024 * 1024
_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 64 * 1024
#: ZIP knows no earlier year, and a fixed moment for all files keeps the archive free of the machine's clock.
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class MadePack:
    """A finished pack, open at its beginning, and the row that remembers it."""

    file: IO[bytes]
    name: str
    row: EvidencePack
    content_type: str


class _Writer:
    """Writes files into the archive and notes size and hash of each."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self.archive = archive
        self.date = max(timezone.localtime(at).timetuple()[:6], _EARLIEST)
        self.files: list[dict[str, Any]] = []

    def add(self, path: str, source: IO[bytes], **facts: Any) -> dict[str, Any]:
        digest, size = hashlib.sha256(), 0
        entry = zipfile.ZipInfo(path, self.date)  # type: ignore[arg-type]
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self.archive.open(entry, "w") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.files.append({"path": path, "size": size, "sha256": digest.hexdigest(), **facts})
        return {"path": path, "size": size, "sha256": digest.hexdigest()}

    def text(self, path: str, content: str, **facts: Any) -> dict[str, Any]:
        return self.add(path, io.BytesIO(content.encode()), **facts)


@transaction.atomic
def make_pack(
    *,
    actor: "User",
    ticket: Ticket | None = None,
    case: LegalCase | None = None,
    reason: str = "",
    file_type: str = ZIP,
) -> MadePack:
    """Order, conversation, logistics, attachments and frozen evidence of a ticket, or of a case and its ticket.

    With a reason personal data is in full, which needs the right to reveal it and is written down; without
    one it is masked. Raises NotAllowed, InvalidInput, TooLarge.
    """
    reason = _checked(actor, reason, file_type)
    if case is not None and ticket is None:
        ticket = case.ticket
    at = clock.now()
    file = _temporary_file()
    with zipfile.ZipFile(file, "w") as archive:
        manifest, digest = _write(_Writer(archive, at), ticket, case, actor, at, masked=not reason)
    file.seek(0)
    row = EvidencePack.objects.create(
        ticket=ticket, case=case, manifest=manifest, digest=digest, is_masked=not reason, reason=reason,
        made_by=actor, made_at=at,
    )  # fmt: skip
    _record(row, ticket, case, actor)
    if file_type == PDF:
        with zipfile.ZipFile(file) as archive:
            file = io.BytesIO(archive.read(DOCUMENT))
    subject = case.external_number if case is not None else ticket.number if ticket is not None else ""
    stem = "".join(ch for ch in subject if ch.isalnum() or ch in "-_")[:60] or str(row.pk)
    name = f"evidence-{stem}-{timezone.localtime(at):%Y%m%d%H%M}.{file_type}"
    return MadePack(file, name, row, FILE_TYPES[file_type])


def _checked(actor: "User", reason: str, file_type: str) -> str:
    """The reason on one line, when this person may have this pack."""
    if not actor.has_perm("tickets.add_evidencepack"):
        raise NotAllowed(_("您没有导出证据包的权限。"))
    if file_type not in FILE_TYPES:
        refuse("file_type", _("请选择 ZIP 或 PDF。"))
    reason = " ".join(reason.split())
    if len(reason) > REASON_LENGTH:
        refuse("reason", _("不能超过 %(n)d 个字符。") % {"n": REASON_LENGTH})
    if reason and not actor.has_perm(REVEAL_PERMISSION):
        raise NotAllowed(_("没有权限查看完整的个人信息。"))
    return reason


def _temporary_file() -> Any:
    # Lives as long as the answer is being sent.
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _write(
    writer: _Writer, ticket: Ticket | None, case: LegalCase | None, actor: "User", at: datetime, *, masked: bool
) -> tuple[dict[str, Any], str]:
    facts: dict[str, Any] = {"case": _case_facts(case, masked=masked) if case is not None else None}
    if ticket is not None:
        facts |= {
            "conversation": sources.conversation(ticket, masked=masked),
            "order": sources.order(ticket, masked=masked),
            "logistics": sources.logistics(ticket),
        }
    exhibits = [
        Exhibit(title=str(title), name=name, **writer.text(f"{name}.json", sources.written(facts[name])))
        for name, title in FACTS.items()
        if facts.get(name) is not None
    ]
    exhibits += _add_files(writer, ticket, case, masked=masked)
    head = {
        "ticket": ticket.number if ticket is not None else None,
        "case": case.external_number if case is not None else None,
        "made_at": sources.moment(at),
        "made_by": actor.name,
        "masked": masked,
    }
    paper = pack_document.rendered(Contents(head=head, at=at, case=case, facts=facts, exhibits=exhibits))
    writer.add(DOCUMENT, io.BytesIO(paper))
    manifest = {**head, "files": writer.files}
    content = sources.written(manifest)
    digest = hashlib.sha256(content.encode()).hexdigest()
    writer.archive.writestr(zipfile.ZipInfo(MANIFEST, writer.date), content.encode())  # type: ignore[arg-type]
    writer.archive.writestr(
        zipfile.ZipInfo(MANIFEST_HASH, writer.date),  # type: ignore[arg-type]
        f"{digest}  {MANIFEST}\n",
    )
    return manifest, digest


def _case_facts(case: LegalCase, *, masked: bool) -> dict[str, Any]:
    moments = [
        {
            "event": row.event,
            "what": row.get_event_display(),
            "at": sources.moment(row.at),
            "note": mask_text(row.note or "") if masked else row.note,
        }
        for row in case.moments.all()
    ]
    deadlines = [
        {
            "rule": row.rule.code,
            "what": row.title,
            "basis": row.basis,
            "due_at": sources.moment(row.due_at),
            "met_at": sources.moment(row.met_at),
            "missed_at": sources.moment(row.missed_at),
        }
        for row in case.clocks.filter(dropped_at=None).select_related("rule").order_by("due_at", "id")
    ]
    return {
        "authority": case.authority,
        "platform": case.platform,
        "external_number": case.external_number,
        "received_at": sources.moment(case.received_at),
        "moments": moments,
        "deadlines": deadlines,
    }


def _add_files(writer: _Writer, ticket: Ticket | None, case: LegalCase | None, *, masked: bool) -> list[Exhibit]:
    """Attachments of the conversation, then everything frozen. Frozen words hold personal data, so a masked pack
    leaves them out and names their hashes alone; nobody can mask a picture, so files always go along."""
    rows = Evidence.objects.none()
    if ticket is not None:
        rows = rows | Evidence.objects.filter(ticket=ticket)
    if case is not None:
        rows = rows | Evidence.objects.filter(case=case)
    evidence = list(rows.select_related("attachment", "frozen_by").order_by("pk").distinct())
    files = list(Attachment.objects.filter(message__ticket=ticket).order_by("pk")) if ticket is not None else []
    _check_size(files, evidence)
    found = []
    for number, attachment in enumerate(files, start=1):
        path = f"attachments/{number:03}-{clean_name(attachment.name)}"
        with attachment.file.open("rb") as file:
            kept = writer.add(path, file, stored_sha256=attachment.sha256)
        found.append(Exhibit(title=attachment.name, file=attachment, **kept))
    return found + [_frozen(writer, row, masked=masked) for row in evidence]


def _frozen(writer: _Writer, row: Evidence, *, masked: bool) -> Exhibit:
    """One frozen piece: its file or its words, and on paper when, by whom, and whether it still is the same."""
    kept: dict[str, Any] = {"sha256": row.digest}
    told = {"evidence": row.pk, "frozen_sha256": row.digest, "frozen_at": sources.moment(row.frozen_at)}
    if row.attachment is not None:
        with row.attachment.file.open("rb") as file:
            kept = writer.add(f"evidence/{row.pk}-{clean_name(row.attachment.name)}", file, **told)
    elif not masked:
        kept = writer.text(f"evidence/{row.pk}-{row.kind}.json", row.content or "", **told)
    lines = [
        (_("类型"), str(row.get_kind_display())),
        (_("网址"), row.url),
        (_("固定"), f"{pack_document.moment(row.frozen_at)} · {row.frozen_by.name}"),
        (_("核对"), _("完好") if is_intact(row) else _("被改动")),
    ]
    return Exhibit(title=row.title, file=row.attachment, told=lines, **kept)


def _check_size(files: list[Attachment], evidence: list[Evidence]) -> None:
    sizes = [*(row.size for row in files), *(row.size for row in evidence)]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise TooLarge(_("证据过多（最多 500 个文件、500 MB），请分案导出。"))


def _record(row: EvidencePack, ticket: Ticket | None, case: LegalCase | None, actor: "User") -> None:
    told = {"pack": row.pk, "digest": row.digest, "masked": row.is_masked, "reason": row.reason}
    if ticket is not None:
        record_events([events.ticket_event(EXPORTED, ticket, actor, **told)])
    elif case is not None:
        record_events(
            [EventData(kind=EXPORTED, subject_type="legal_case", subject_id=case.pk, actor=actor, payload=told)]
        )


def check_archive(file: IO[bytes]) -> list[str]:
    """What in a pack does not fit its manifest, in sentences; empty when everything does."""
    try:
        with zipfile.ZipFile(file) as archive:
            content = archive.read(MANIFEST)
            wrong = []
            if archive.read(MANIFEST_HASH).split()[:1] != [hashlib.sha256(content).hexdigest().encode()]:
                wrong.append(_("清单与它的指纹不符。"))
            named = json.loads(content)["files"]
            for entry in named:
                digest = hashlib.sha256(archive.read(entry["path"])).hexdigest()
                if digest != entry["sha256"]:
                    wrong.append(_("文件被改动：%(path)s") % {"path": entry["path"]})
            added = set(archive.namelist()) - {entry["path"] for entry in named} - {MANIFEST, MANIFEST_HASH}
            wrong += [_("清单之外的文件：%(path)s") % {"path": path} for path in sorted(added)]
    except (zipfile.BadZipFile, KeyError, ValueError):
        return [_("不是完整的证据包。")]
    return wrong
