"""Fetching mail by IMAP.

A periodic job queues an item for each mailbox that is due; the outbox runs it outside any transaction, one
at a time for each mailbox. A mail is marked as seen only after its raw form is committed. Whatever breaks
off in between is fetched again, and found to be there already.
"""

import imaplib
import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import DomainError
from core.events import record_event
from core.language import mask_numbers
from core.mail_servers import open_imap
from core.outbox import OutboxData, OutboxItem, OutboxState, enqueue_many
from tickets.email import MAX_BYTES
from tickets.models import Mailbox
from tickets.services import channel_health, email
from tickets.services.channel_health import Way

logger = logging.getLogger(__name__)

POLL = "mailbox"
FAILING = "mailbox.failing"
RECOVERED = "mailbox.recovered"
EVERY = timedelta(seconds=30)
BUDGET_SECONDS = 8.0
#: A mail that is too large is taken in by its beginning; the whole of it stays in the mailbox.
BEGINNING_BYTES = 1_000_000
ALARM_AFTER = 3
LONGEST_PAUSE = timedelta(hours=1)
MOST_WAITING = 10_000
_KEEP_FINISHED = timedelta(hours=1)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class Refused(Exception):
    """The server does not let us in with this name and password."""


def queue_polls(slot: datetime) -> int:
    """Queue a poll for every mailbox that is due and has none waiting; returns how many."""
    due = Mailbox.objects.filter(Q(next_at=None) | Q(next_at__lte=clock.now()), is_active=True).exclude(imap_host="")
    keys = list(due.values_list("pk", flat=True))
    if not keys:
        return 0
    items = OutboxItem.objects.filter(kind=POLL)
    items.filter(state=OutboxState.SENT, sent_at__lt=slot - _KEEP_FINISHED).delete()
    busy = set(items.exclude(state__in=[OutboxState.SENT, OutboxState.DEAD]).values_list("target", flat=True))
    found = [
        OutboxData(
            kind=POLL,
            dedupe_key=f"mailbox:{key}:{slot.isoformat()}",
            target=f"mailbox:{key}",
            payload={"mailbox": key},
            lane=f"mailbox:{key}",
        )
        for key in keys
        if f"mailbox:{key}" not in busy
    ]
    enqueue_many(found)
    return len(found)


def poll(mailbox_id: int) -> int:
    """Fetch what is new; returns how many mails were taken. A failure is noted on the mailbox, not raised."""
    mailbox = Mailbox.objects.select_related("channel").filter(pk=mailbox_id, is_active=True).first()
    if mailbox is None or not mailbox.imap_host:
        return 0
    try:
        with _logged_in(mailbox) as connection:
            taken = _fetch_new(mailbox, connection)
    except (OSError, imaplib.IMAP4.error, UnicodeError, DomainError, Refused) as error:
        _note_failure(mailbox, error)
        return 0
    _note_success(mailbox)
    return taken


# Talking to the server


@contextmanager
def _logged_in(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    connection = open_imap(host=mailbox.imap_host, port=mailbox.imap_port, security=mailbox.imap_security)
    try:
        try:
            connection.login(mailbox.login, mailbox.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Refused(str(error)) from error
        _introduce(connection)
        yield connection
    finally:
        connection.shutdown()


def _introduce(connection: imaplib.IMAP4) -> None:
    """RFC 2971: the large Chinese providers let only programs in that say who they are."""
    _kind, answer = connection.capability()
    if answer and b"ID" in answer[0].upper().split():
        imaplib.Commands.setdefault("ID", ("AUTH", "SELECTED"))  # type: ignore[attr-defined]
        connection._simple_command("ID", '("name" "Kean" "version" "1.0")')  # type: ignore[attr-defined]


def _fetch_new(mailbox: Mailbox, connection: imaplib.IMAP4) -> int:
    status, answer = connection.select(f'"{mailbox.folder}"')
    if status != "OK":
        raise imaplib.IMAP4.error(f"folder {mailbox.folder}: {answer!r}")
    _begin(mailbox, connection)
    deadline = time.monotonic() + BUDGET_SECONDS
    taken = 0
    for uid in _uids(mailbox, connection):
        taken += _take(mailbox, connection, uid)
        _note_read(mailbox, uid)
        if time.monotonic() >= deadline:
            break
    return taken


def _begin(mailbox: Mailbox, connection: imaplib.IMAP4) -> None:
    """Where to begin in a mailbox that is new to us, or whose mails were numbered anew: the unread and the coming."""
    validity = _number(connection, "UIDVALIDITY")
    if mailbox.uid_validity == validity:
        return
    unread = _search(connection, "UNSEEN")[-MOST_WAITING:]
    coming = _number(connection, "UIDNEXT")
    last = coming - 1 if coming else max(_search(connection, "ALL"), default=0)
    mailbox.uid_validity, mailbox.last_uid, mailbox.waiting_uids = validity, last, [u for u in unread if u <= last]
    mailbox.save(update_fields=["uid_validity", "last_uid", "waiting_uids"])


def _uids(mailbox: Mailbox, connection: imaplib.IMAP4) -> Iterable[int]:
    found = _search(connection, f"UID {mailbox.last_uid + 1}:*")
    # "n:*" names the last mail even when its number is below n.
    return [*mailbox.waiting_uids, *sorted(uid for uid in found if uid > mailbox.last_uid)]


def _take(mailbox: Mailbox, connection: imaplib.IMAP4, uid: int) -> bool:
    """Take one mail in and mark it as seen; False when it is gone meanwhile."""
    _status, sizes = connection.uid("FETCH", str(uid), "(RFC822.SIZE)")
    found = _SIZE.search(b" ".join(one if isinstance(one, bytes) else one[0] for one in sizes if one))
    if found is None:
        return False
    is_cut = int(found[1]) > MAX_BYTES
    what = f"(BODY.PEEK[]<0.{BEGINNING_BYTES}>)" if is_cut else "(BODY.PEEK[])"
    _status, parts = connection.uid("FETCH", str(uid), what)
    raw = next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)
    if raw is None:
        return False
    try:
        email.receive_mail(raw, channel=mailbox.channel.key, is_cut=is_cut)
    except Exception:
        if not email.is_kept(raw):
            raise
        logger.exception("Mail %s of mailbox %s was kept and is taken up later.", uid, mailbox.pk)
    connection.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Flagged)" if is_cut else r"(\Seen)")
    return True


def _search(connection: imaplib.IMAP4, what: str) -> list[int]:
    status, answer = connection.uid("SEARCH", what)
    if status != "OK":
        raise imaplib.IMAP4.error(f"search {what}: {answer!r}")
    return sorted(int(word) for line in answer if line for word in line.split())


def _number(connection: imaplib.IMAP4, name: str) -> int:
    """A number the server told when the folder was opened; 0 when it did not."""
    _kind, answer = connection.response(name)
    return int(answer[0]) if answer and answer[0] else 0


# What is remembered


def _note_read(mailbox: Mailbox, uid: int) -> None:
    mailbox.last_uid = max(mailbox.last_uid, uid)
    mailbox.waiting_uids = [waiting for waiting in mailbox.waiting_uids if waiting != uid]
    mailbox.save(update_fields=["last_uid", "waiting_uids"])


def _note_success(mailbox: Mailbox) -> None:
    if mailbox.failures >= ALARM_AFTER:
        record_event(
            kind=RECOVERED,
            subject_type="mailbox",
            subject_id=mailbox.pk,
            actor=None,
            payload={"channel": mailbox.channel.key, "failures": mailbox.failures},
        )
        channel_health.works(channel_id=mailbox.channel_id, way=Way.RECEIVING)
    mailbox.checked_at, mailbox.next_at, mailbox.failures, mailbox.last_error = clock.now(), None, 0, ""
    mailbox.save(update_fields=["checked_at", "next_at", "failures", "last_error"])


def _note_failure(mailbox: Mailbox, error: Exception) -> None:
    """Remember, wait longer each time, and alarm at the third failure; a refused login alarms at once."""
    before = mailbox.failures
    mailbox.failures = max(before + 1, ALARM_AFTER) if isinstance(error, Refused) else before + 1
    wait = min(LONGEST_PAUSE, timedelta(minutes=2 ** min(mailbox.failures - 1, 10)))
    mailbox.checked_at = clock.now()
    mailbox.next_at = mailbox.checked_at + wait
    mailbox.last_error = _sentence(error)
    mailbox.save(update_fields=["checked_at", "next_at", "failures", "last_error"])
    logger.error("Mailbox %s cannot be read (%d): %s", mailbox.pk, mailbox.failures, mailbox.last_error)
    if mailbox.failures >= ALARM_AFTER:
        channel_health.failed(channel_id=mailbox.channel_id, way=Way.RECEIVING, error=mailbox.last_error)
    if before < ALARM_AFTER <= mailbox.failures:
        record_event(
            kind=FAILING,
            subject_type="mailbox",
            subject_id=mailbox.pk,
            actor=None,
            payload={"channel": mailbox.channel.key, "failures": mailbox.failures, "error": type(error).__name__},
        )


def _sentence(error: Exception) -> str:
    said = error.message if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
    sentence = _("登录被拒绝：%s") % error if isinstance(error, Refused) else said
    return mask_numbers(" ".join(sentence.split()))[:300]
