"""Asking for messages: judged, written, and brought on their way in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.outbox import OutboxData, enqueue_many
from core.text import has_forbidden_characters
from customers import events
from customers.models import Customer, Outreach, OutreachSettings
from customers.outreach import rules, ways
from customers.outreach.standing import standings_of
from customers.outreach_choices import OutreachChannel, OutreachPurpose, OutreachReason, OutreachStatus
from customers.services.validation import field_error

KIND = "outreach"
ASKED = "customer.outreach_asked"
MAX_BODY = 4000
MAX_TITLE = 200
#: Where a message goes when nothing else is said: where the customer reads it soonest.
USUAL_CHANNELS = (OutreachChannel.CONVERSATION, OutreachChannel.EMAIL)
OPT_OUT_WORDS = ("拒收", "退订")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A message somebody wants to send. `channels` in order of preference: the first that reaches is taken.

    way: a way by its key, tried alone; "" for those that every message may take. `lane` as in the outbox.
    """

    key: str
    customer: Customer
    purpose: str
    title: str
    body: str
    channels: Sequence[str] = USUAL_CHANNELS
    way: str = ""
    lane: str = ""
    subject_type: str = ""
    subject_id: int | None = None
    is_drill: bool = False


def reach(*, wanted: Wanted, actor: Any) -> Outreach:
    """Send one message, or say on its row why not. The same key again gives the first row."""
    return reach_many(wanted=[wanted], actor=actor)[0]


@transaction.atomic
def reach_many(*, wanted: Sequence[Wanted], actor: Any) -> list[Outreach]:
    """Send messages; the rows in the order asked for. Safe to repeat and to run in two places at once.

    Raises InvalidInput for words that may not be sent; a customer who may not be told is no error.
    """
    for one in wanted:
        _check(one)
    known = {row.key: row for row in _rows_of(wanted)}
    fresh = [one for one in {w.key: w for w in wanted}.values() if one.key not in known]
    if fresh:
        _write(fresh, actor)
        known = {row.key: row for row in _rows_of(wanted)}
    return [known[one.key] for one in wanted]


def _rows_of(wanted: Sequence[Wanted]) -> Iterable[Outreach]:
    return Outreach.objects.filter(key__in=[one.key for one in wanted]).select_related("customer")


def _write(fresh: Sequence[Wanted], actor: Any) -> None:
    """One insert. Of two transactions with the same key the second waits, and writes nothing."""
    current = OutreachSettings.current()
    people = _locked(fresh)
    standings = standings_of({(people[one.customer.pk], one.purpose) for one in fresh}, current)
    found = _ways_for(fresh, people)
    rows = []
    # In order of key, so that two transactions inserting the same keys cannot wait for each other.
    for one in sorted(fresh, key=lambda one: one.key):
        person = people[one.customer.pk]
        row = _row(one, person, found[one.key], actor)
        _judge(row, one, standings[person.pk, one.purpose], current)
        rows.append(row)
    Outreach.objects.bulk_create(rows, ignore_conflicts=True)
    mine = Outreach.objects.filter(row_key__in=[row.row_key for row in rows]).order_by("pk")
    tell(mine, actor, lanes={one.key: one.lane for one in fresh})


def tell(rows: Iterable[Outreach], actor: Any, *, lanes: Mapping[str, str]) -> None:
    """The outbox items and events of rows that were just written."""
    written = list(rows)
    waiting = [row for row in written if row.status == OutreachStatus.WAITING]
    enqueue_many([outbox_item(row, row.not_before, lane=lanes[row.key]) for row in waiting])
    events.record_events(
        [
            events.customer_event(
                ASKED, row.customer_id, actor, outreach=row.pk, purpose=row.purpose, status=row.status, why=row.reason
            )
            for row in written
        ]
    )


def outbox_item(row: Outreach, not_before: datetime | None, *, again: str = "", lane: str = "") -> OutboxData:
    return OutboxData(
        kind=KIND,
        dedupe_key=f"outreach:{row.key}{again}",
        target=f"customer:{row.customer_id}",
        payload={"outreach": row.pk},
        lane=lane,
        not_before=not_before,
    )


def _locked(fresh: Sequence[Wanted]) -> dict[int, Customer]:
    """The customers as they stand, by the id asked for; a merged one is the record that was kept.

    Where the number of messages counts, the customers are locked, in one order: two messages at one moment
    must see each other.
    """
    ids = {one.customer.pk for one in fresh}
    counting = {one.customer.pk for one in fresh if rules.RULES[one.purpose].heeds_frequency}
    rows = {row.pk: row for row in Customer.objects.filter(pk__in=ids)}
    while merged := {row.merged_into_id for row in rows.values() if row.merged_into_id} - set(rows):
        rows |= {row.pk: row for row in Customer.objects.filter(pk__in=merged)}
    last = {pk: _last(rows, pk) for pk in ids}
    locks = sorted({last[pk].pk for pk in counting})
    if locks:
        held = Customer.objects.select_for_update(no_key=True).filter(pk__in=locks).order_by("pk")
        fresh_rows = {row.pk: row for row in held}
        last = {pk: fresh_rows.get(row.pk, row) for pk, row in last.items()}
    return last


def _last(rows: dict[int, Customer], pk: int) -> Customer:
    row = rows[pk]
    while row.merged_into_id is not None:
        row = rows[row.merged_into_id]
    return row


def _ways_for(fresh: Sequence[Wanted], people: dict[int, Customer]) -> dict[str, ways.Way | None]:
    """The first way that reaches the customer, by the key of the message."""
    asked: dict[str, set[int]] = {}
    return {one.key: _first_way(one, people, asked) for one in fresh}


def _first_way(one: Wanted, people: dict[int, Customer], asked: dict[str, set[int]]) -> ways.Way | None:
    named = ways.way(one.way) if one.way else None
    tried = [named] if named else [way for channel in one.channels for way in ways.offered(channel)]
    for way in tried:
        if way.key not in asked:
            asked[way.key] = way.reaches(list({row.pk: row for row in people.values()}.values()))
        if people[one.customer.pk].pk in asked[way.key]:
            return way
    return None


def _row(one: Wanted, person: Customer, way: ways.Way | None, actor: Any) -> Outreach:
    return Outreach(
        key=one.key,
        customer=person,
        purpose=one.purpose,
        channel=way.channel if way else OutreachChannel.PHONE,
        way=way.key if way else "",
        title=one.title.strip(),
        body=one.body.strip(),
        status=OutreachStatus.WAITING if way else OutreachStatus.BY_HAND,
        subject_type=one.subject_type,
        subject_id=one.subject_id,
        created_by=actor,
    )


def _judge(row: Outreach, one: Wanted, standing: rules.Standing, current: OutreachSettings) -> None:
    """Set the row's state by the rules; what it adds counts for the next message of the same customer."""
    rule = rules.RULES[row.purpose]
    reason = rules.refusal(
        purpose=row.purpose, channel=row.channel, standing=standing, limits=limits_of(current)
    ) or _unreachable(row, rule)
    if reason:
        row.status, row.reason, row.ended_at = OutreachStatus.REFUSED, reason, clock.now()
    elif one.is_drill or current.is_drill:
        row.status, row.ended_at = OutreachStatus.DRILL, clock.now()
    else:
        row.not_before = held_until(rule, current)
        standing.recent[row.channel] = standing.recent.get(row.channel, 0) + 1


def _unreachable(row: Outreach, rule: rules.PurposeRule) -> str:
    """By hand needs something to reach the customer by: a number, or an account on a platform."""
    if row.way:
        return ""
    has_number = bool(row.customer.phone) and not row.customer.is_anonymous
    if rule.falls_to_hand and (has_number or row.customer.identities.exists()):
        return ""
    return OutreachReason.NO_ADDRESS


def limits_of(current: OutreachSettings) -> rules.Limits:
    return rules.Limits(current.quiet_from, current.quiet_to, current.notices_a_day)


def held_until(rule: rules.PurposeRule, current: OutreachSettings) -> datetime | None:
    """When the quiet hours end, if it is quiet now and the purpose heeds that."""
    if not rule.heeds_quiet_hours:
        return None
    local = timezone.localtime(clock.now())
    return rules.quiet_until(local, quiet_from=current.quiet_from, quiet_to=current.quiet_to)


def _check(one: Wanted) -> None:
    if one.purpose not in OutreachPurpose.values:
        raise field_error("purpose", _("没有这个事由。"))
    if not 0 < len(one.key) <= 200:
        raise field_error("key", _("唯一键须为 1 到 200 个字符。"))
    _check_words("title", one.title, MAX_TITLE, multiline=False)
    _check_words("body", one.body, MAX_BODY, multiline=True)
    unknown = set(one.channels) - set(OutreachChannel.values)
    if unknown or not one.channels:
        raise field_error("channels", _("请选择联系方式。"))
    if rules.RULES[one.purpose].needs_consent and not _names_opt_out(one.body):
        raise field_error("body", _("营销内容须写明如何拒收，例如“拒收请回复R”。"))


def _names_opt_out(body: str) -> bool:
    return any(word in body for word in OPT_OUT_WORDS)


def _check_words(field: str, text: str, limit: int, *, multiline: bool) -> None:
    cleaned = text.strip()
    if not cleaned:
        raise field_error(field, _("请填写内容。"))
    if len(cleaned) > limit:
        raise field_error(field, _("不能超过 %(limit)s 个字符。") % {"limit": limit})
    if has_forbidden_characters(cleaned, multiline=multiline):
        raise field_error(field, _("含有不允许的字符。"))
