"""Files with complaints from the time the system was away: a dry run first, the good lines on confirmation.

Each line keeps the moment it was written down, so promises count from then. A line is left out when its channel
and external id are known, or when the same customer sent the same words about the same order meanwhile.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.events import record_event
from core.filefields import LineError, read_upload
from core.language import mask_payment
from core.outbox.queueing import OutboxData, enqueue_many
from core.rowfiles import FileRow
from customers.services.identification import possible_customer
from tickets.choices import ImportState
from tickets.importing import TicketImport
from tickets.models import ImportBatch, ImportRow, InboundMessage, Ticket
from tickets.services import intake

if TYPE_CHECKING:
    from crm.staff.models import User

KIND = "ticket_import"
MOST_LINES = 2000
MOST_BYTES = 5 * 1024 * 1024
#: Lines one delivery takes: few enough that it ends long before its lease.
CHUNK = 50
#: The same words of the same customer this long around the written moment are one complaint.
SAME_WITHIN = timedelta(days=3)


def check_file(*, upload: "UploadedFile[Any]", actor: "User") -> ImportBatch:
    """Read the file and store each line with what is wrong with it. Makes no ticket. Raises for the file as a whole."""
    if not actor.has_perm("tickets.add_importbatch"):
        raise NotAllowed(_("您没有导入工单的权限。"))
    rows = _rows_of(upload)
    run = TicketImport(commit=False)
    found = [_looked_at(run, row) for row in rows]
    with transaction.atomic():
        batch: ImportBatch = ImportBatch.objects.create(actor=actor, name=Path(upload.name or "").name[:200])
        for row in found:
            row.batch = batch
        ImportRow.objects.bulk_create(found)
        _record("import.checked", batch, actor)
    return batch


def _rows_of(upload: "UploadedFile[Any]") -> list[FileRow]:
    rows = read_upload(upload, most_rows=MOST_LINES, most_bytes=MOST_BYTES, formulas=True)
    if not rows:
        _refuse(_("文件里没有数据行。"))
    return rows


def _refuse(sentence: str) -> None:
    raise InvalidInput(sentence, fields={"file": [sentence]})


def _looked_at(run: TicketImport, row: FileRow) -> ImportRow:
    before = len(run.report.errors)
    request, is_new = run.look(row)
    if request is None:
        errors = [[error.field, error.reason] for error in run.report.errors[before:]]
        return ImportRow(line=row.line, state=ImportState.WRONG, errors=json.dumps(errors, ensure_ascii=False))
    request = replace(request, subject=mask_payment(request.subject), body=mask_payment(request.body))
    known = _ticket_of(request) if not is_new else _same_complaint(request)
    state = ImportState.READY if is_new and known is None else ImportState.KNOWN
    return ImportRow(line=row.line, state=state, payload=request.dumps(), ticket=known)


def _ticket_of(request: intake.Request) -> Ticket | None:
    raw = InboundMessage.objects.filter(channel_key=request.channel, external_id=request.external_id).first()
    return Ticket.objects.filter(inbound=raw).first() if raw else None


def _same_complaint(request: intake.Request) -> Ticket | None:
    """A ticket of the same customer with the same words, come in meanwhile another way."""
    given = request.customer
    customer = possible_customer(phone=given.phone, email=given.email, external_ids=given.external_ids)
    if customer is None:
        return None
    since = min(request.occurred_at or clock.now(), clock.now()) - SAME_WITHIN
    rows = Ticket.objects.filter(duplicate_digest=intake.digest(request, customer), created_at__gt=since)
    found: Ticket | None = rows.filter(merged_into=None).order_by("created_at").first()
    return found


def confirm(*, batch: ImportBatch, actor: "User") -> ImportBatch:
    """Import the good lines. Raises Conflict when that was asked for before or there is none."""
    if not actor.has_perm("tickets.add_importbatch"):
        raise NotAllowed(_("您没有导入工单的权限。"))
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if batch.confirmed_at is not None:
            raise Conflict(_("这个文件已经确认导入。"), code="already_done")
        ids = list(batch.rows.filter(state=ImportState.READY).order_by("line").values_list("pk", flat=True))
        if not ids:
            raise Conflict(_("没有可导入的行。"), code="nothing_ready")
        batch.confirmed_at = clock.now()
        batch.save(update_fields=["confirmed_at"])
        enqueue_many([_chunk(batch, ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK)])
        _record("import.confirmed", batch, actor)
    return batch


def _chunk(batch: ImportBatch, ids: Sequence[int]) -> OutboxData:
    return OutboxData(
        kind=KIND,
        dedupe_key=f"import:{batch.pk}:{ids[0]}",
        target=f"import:{batch.pk}",
        payload={"rows": list(ids)},
        lane=f"import:{batch.pk}",
    )


def import_rows(row_ids: Iterable[int]) -> None:
    """Make the tickets of these lines. Safe to repeat: a line that became a ticket finds it again."""
    rows = ImportRow.objects.filter(pk__in=list(row_ids), state=ImportState.READY).select_related("batch__actor")
    for row in rows.order_by("line"):
        _import(row)


def _import(row: ImportRow) -> None:
    request = intake.Request.loads(row.payload or "")
    try:
        meanwhile = _same_complaint(request) if _ticket_of(request) is None else None
        if meanwhile is None:
            row.ticket, row.state = intake.receive(request=request, actor=row.batch.actor).ticket, ImportState.IMPORTED
        else:
            row.ticket, row.state = meanwhile, ImportState.KNOWN
    except DomainError as refused:
        fields = refused.fields or {"": [refused.message]}
        _fail(row, [[name, " ".join(map(str, sentences))] for name, sentences in fields.items()])
    except DataError:
        _fail(row, [["", _("数据库不接受这些内容。")]])
    row.save(update_fields=["state", "ticket", "errors"])


def _fail(row: ImportRow, errors: list[list[str]]) -> None:
    row.state, row.errors = ImportState.WRONG, json.dumps(errors, ensure_ascii=False)


def _record(kind: str, batch: ImportBatch, actor: "User") -> None:
    record_event(
        kind=kind,
        subject_type="import_batch",
        subject_id=batch.pk,
        actor=actor,
        payload={"lines": sum(states_of(batch).values())},
        audience=f"user:{actor.pk}",
    )


def states_of(batch: ImportBatch) -> Counter[str]:
    """How many lines are in which state, in one statement."""
    return Counter(dict(batch.rows.order_by().values_list("state").annotate(n=Count("pk"))))


@dataclass(frozen=True)
class Progress:
    """`share`: percent of the confirmed lines that are settled."""

    ready: int
    known: int
    wrong: int
    imported: int
    is_running: bool

    @property
    def share(self) -> int:
        total = self.ready + self.imported
        return round(100 * self.imported / total) if total else 100


def progress_of(batch: ImportBatch) -> Progress:
    found = states_of(batch)
    ready = found[ImportState.READY]
    return Progress(
        ready=ready,
        known=found[ImportState.KNOWN],
        wrong=found[ImportState.WRONG],
        imported=found[ImportState.IMPORTED],
        is_running=batch.confirmed_at is not None and ready > 0,
    )


def errors_of(batch: ImportBatch, *, limit: int | None = None) -> Iterator[LineError]:
    """What is wrong, line by line and field by field."""
    rows: Any = batch.rows.filter(state=ImportState.WRONG).order_by("line", "id")
    for row in rows[:limit] if limit else rows:
        for name, reason in json.loads(row.errors or "[]"):
            yield LineError(row.line, name, reason)
