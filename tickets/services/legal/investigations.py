"""An investigation: questions, statements, evidence files, calls, and a conclusion that stands."""

import hashlib
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.events import record_events
from tickets import events
from tickets.legal_choices import EntryKind, InvestigationState, Speaker
from tickets.models import ContactAttempt, Evidence, Investigation, InvestigationEntry, Ticket
from tickets.services import contact
from tickets.services.legal import sources
from tickets.services.legal.clocks import refuse

if TYPE_CHECKING:
    from crm.staff.models import User

OPENED, NOTED, CONCLUDED = "investigation.opened", "investigation.noted", "investigation.concluded"
TEXT_LENGTH, CONCLUSION_LENGTH, MOST_QUESTIONS = 2000, 5000, 20


def _may(actor: "User") -> None:
    if not actor.has_perm("tickets.change_investigation"):
        raise NotAllowed(_("您没有调查的权限。"))


def _record(kind: str, row: Investigation, actor: "User", **data: object) -> None:
    record_events([events.ticket_event(kind, row.ticket, actor, investigation=row.pk, **data)])


def _text(name: str, text: str, most: int = TEXT_LENGTH) -> str:
    cleaned = text.strip()
    if not cleaned:
        refuse(name, _("请填写内容。"))
    if len(cleaned) > most:
        refuse(name, _("不能超过 %(n)d 个字符。") % {"n": most})
    return cleaned


@transaction.atomic
def open_investigation(*, ticket: Ticket, actor: "User", questions: list[str]) -> Investigation:
    """Begin with what has to be found out. Raises Conflict while one of the ticket is open."""
    _may(actor)
    asked = [_text("questions", text) for text in questions if text.strip()]
    if not asked:
        refuse("questions", _("请至少写一个要查清的问题。"))
    if len(asked) > MOST_QUESTIONS:
        refuse("questions", _("最多 %(n)d 个问题。") % {"n": MOST_QUESTIONS})
    try:
        with transaction.atomic():
            made: Investigation = Investigation.objects.create(ticket=ticket, owner=actor)
    except IntegrityError:
        raise Conflict(_("这张工单已有进行中的调查。"), code="already_open") from None
    _record(OPENED, made, actor, questions=len(asked))
    for text in asked:
        _write(made, actor, EntryKind.QUESTION, text)
    return made


def _write(
    row: Investigation,
    actor: "User",
    kind: EntryKind,
    text: str,
    *,
    answers: InvestigationEntry | None = None,
    speaker: str = "",
) -> InvestigationEntry:
    at = clock.now()
    entry = InvestigationEntry(investigation=row, kind=kind, text=text, answers=answers, speaker=speaker,
                               actor=actor, at=at)  # fmt: skip
    entry.digest = digest_of(entry)
    entry.save()
    return entry


def digest_of(entry: InvestigationEntry) -> str:
    """SHA-256 (hex) of what was said, by whom, about what and when."""
    told = {
        "kind": str(entry.kind),
        "text": entry.text,
        "answers": entry.answers_id,
        "speaker": str(entry.speaker),
        "actor": entry.actor_id,
        "at": sources.moment(entry.at),
    }
    return hashlib.sha256(sources.written(told).encode()).hexdigest()


def _open(row: Investigation, actor: "User") -> Investigation:
    _may(actor)
    rows = Investigation.objects.select_for_update(of=("self",)).select_related("ticket")
    found: Investigation = rows.get(pk=row.pk)
    if not found.is_open:
        raise Conflict(_("调查已有结论，不能再改。"), code="concluded")
    return found


@transaction.atomic
def ask(*, investigation: Investigation, actor: "User", text: str) -> InvestigationEntry:
    """One more question."""
    row = _open(investigation, actor)
    entry = _write(row, actor, EntryKind.QUESTION, _text("text", text))
    _record(NOTED, row, actor, entry=entry.pk, entry_kind="question", digest=entry.digest)
    return entry


@transaction.atomic
def state(
    *,
    investigation: Investigation,
    actor: "User",
    speaker: str,
    text: str,
    answers: InvestigationEntry | None = None,
) -> InvestigationEntry:
    """What somebody said, perhaps in answer to a question. It cannot be changed afterwards."""
    row = _open(investigation, actor)
    if speaker not in Speaker.values:
        refuse("speaker", _("请选择陈述人。"))
    if answers is not None and (answers.investigation_id != row.pk or answers.kind != EntryKind.QUESTION):
        refuse("answers", _("没有这个问题。"))
    entry = _write(row, actor, EntryKind.STATEMENT, _text("text", text), answers=answers, speaker=speaker)
    _record(NOTED, row, actor, entry=entry.pk, entry_kind="statement", digest=entry.digest)
    return entry


@transaction.atomic
def call(*, investigation: Investigation, actor: "User", outcome: str, note: str = "") -> ContactAttempt:
    """An attempt to reach the customer: logged with the ticket's others, also when nobody answered."""
    row = _open(investigation, actor)
    if outcome not in ContactAttempt.Outcome.values:
        refuse("outcome", _("请选择是否接通。"))
    if len(note) > 500:
        refuse("note", _("不能超过 %(n)d 个字符。") % {"n": 500})
    return contact.record_attempt(ticket=row.ticket, actor=actor, outcome=outcome, note=note.strip())


@transaction.atomic
def conclude(*, investigation: Investigation, actor: "User", conclusion: str) -> Investigation:
    """The conclusion, sealed together with everything it rests on.

    Raises Conflict "unanswered" while a question has neither statement nor evidence of the investigation behind it.
    """
    row = _open(investigation, actor)
    text = _text("conclusion", conclusion, CONCLUSION_LENGTH)
    open_questions = row.entries.filter(kind=EntryKind.QUESTION, answered_by=None)
    if open_questions.exists():
        raise Conflict(_("还有问题没有任何陈述，请先记录或写明无法查清。"), code="unanswered")
    row.conclusion, row.state = text, InvestigationState.CONCLUDED
    row.concluded_by, row.concluded_at = actor, clock.now()
    row.digest = seal_of(row)
    row.save(update_fields=["conclusion", "state", "concluded_by", "concluded_at", "digest"])
    _record(CONCLUDED, row, actor, digest=row.digest)
    return row


def seal_of(row: Investigation) -> str:
    """SHA-256 (hex) of the conclusion with the digests of all entries and evidence."""
    told = {
        "conclusion": row.conclusion,
        "entries": list(row.entries.order_by("pk").values_list("digest", flat=True)),
        "evidence": list(Evidence.objects.filter(investigation=row).order_by("pk").values_list("digest", flat=True)),
    }
    return hashlib.sha256(sources.written(told).encode()).hexdigest()


def is_intact(row: Investigation) -> bool:
    """Whether every entry, and the sealed conclusion, are what was written."""
    if any(digest_of(entry) != entry.digest for entry in row.entries.all()):
        return False
    return row.is_open or seal_of(row) == row.digest
