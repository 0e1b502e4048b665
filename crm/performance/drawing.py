"""Drawing samples from the conversations that are closed: each once, at its first closing.

The consumer of closings reads every one exactly once and in order; what it draws and how far it has read are
one transaction, so nothing is lost and nothing drawn twice. Whether a ticket is drawn does not depend on when.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core import clock
from core.conditions import Condition, parse
from core.events import Event, EventData, record_events
from core.questionnaires.models import Questionnaire, QuestionnaireVersion
from core.questionnaires.services import publish_questionnaire
from crm.performance import presets
from crm.performance.models import QualitySample, SamplingCount, SamplingRule
from crm.performance.sampling import is_drawn
from tickets.events import CLOSED
from tickets.models import Ticket
from tickets.services.facts import TICKET_FIELDS, TicketFacts, first_match

DRAWN = "quality.drawn"
#: Older closings are history: nobody remembers the conversation any more.
DRAWN_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class LiveRule:
    row: SamplingRule
    condition: Condition


def ensure_rules() -> None:
    """The house's rules, where there are none yet."""
    if not SamplingRule.objects.exists():
        SamplingRule.objects.bulk_create(
            [
                SamplingRule(name=name, position=position, condition=condition, rate=rate)
                for name, position, condition, rate in presets.RULES
            ],
            ignore_conflicts=True,
        )


def scorecard() -> QuestionnaireVersion:
    """The published scorecard; the house one is published when there is none."""
    questionnaire = Questionnaire.objects.filter(key=presets.SCORECARD_KEY).first()
    version = questionnaire.live_version() if questionnaire else None
    return version or publish_questionnaire(
        actor=None,
        key=presets.SCORECARD_KEY,
        name=presets.SCORECARD_NAME,
        title=presets.SCORECARD_TITLE,
        questions=presets.QUESTIONS,
    )


@transaction.atomic
def draw(events: Sequence[Event]) -> list[QualitySample]:
    """Look at tickets that were closed for the first time, and draw some of them."""
    closings = _first_closings(events)
    if not closings:
        return []
    ensure_rules()
    rules = [LiveRule(row, parse(row.condition, TICKET_FIELDS)) for row in SamplingRule.objects.filter(is_active=True)]
    rows = Ticket.objects.select_related("channel", "shop", "queue", "customer").defer("search")
    counted: Counter[tuple[int, date, str]] = Counter()
    found: list[QualitySample] = []
    for ticket in rows.filter(pk__in=closings, merged_into=None).order_by("pk"):
        rule = first_match(rules, TicketFacts(ticket))
        if rule is None:
            continue
        day = timezone.localdate(closings[ticket.pk].at)
        counted[rule.row.pk, day, "closed"] += 1
        if is_drawn(rule=rule.row.pk, ticket=ticket.pk, rate=rule.row.rate):
            counted[rule.row.pk, day, "drawn"] += 1
            found.append(_sample(ticket, rule.row))
    _count(counted)
    return _keep(found)


def _first_closings(events: Sequence[Event]) -> dict[int, Event]:
    since = clock.now() - DRAWN_WITHIN
    found: dict[int, Event] = {}
    for event in events:
        if event.subject_id is not None and event.at >= since:
            found.setdefault(event.subject_id, event)
    if not found:
        return {}
    earlier = Event.objects.filter(
        subject_type="ticket", subject_id__in=found, kind=CLOSED, id__lt=min(event.pk for event in events)
    )
    for ticket_id in earlier.values_list("subject_id", flat=True):
        found.pop(ticket_id or 0, None)
    return found


def _sample(ticket: Ticket, rule: SamplingRule) -> QualitySample:
    return QualitySample(ticket=ticket, rule=rule, rate=rule.rate, person_id=ticket.assignee_id, drawn_at=clock.now())


def _keep(found: list[QualitySample]) -> list[QualitySample]:
    if not found:
        return []
    version = scorecard()
    for sample in found:
        sample.version = version
    kept: list[QualitySample] = QualitySample.objects.bulk_create(found)
    record_events([_drawn(sample) for sample in kept])
    return kept


def _drawn(sample: QualitySample) -> EventData:
    payload: dict[str, Any] = {"ticket": sample.ticket_id, "rule": sample.rule_id, "rate": str(sample.rate)}
    return EventData(
        kind=DRAWN, subject_type="quality_sample", subject_id=sample.pk, actor=None, audience=(), payload=payload
    )


def _count(counted: Counter[tuple[int, date, str]]) -> None:
    pairs = sorted({(rule, day) for rule, day, _what in counted})
    SamplingCount.objects.bulk_create(
        [SamplingCount(rule_id=rule, day=day) for rule, day in pairs], ignore_conflicts=True
    )
    for rule, day in pairs:
        SamplingCount.objects.filter(rule=rule, day=day).update(
            closed=F("closed") + counted[rule, day, "closed"], drawn=F("drawn") + counted[rule, day, "drawn"]
        )
