"""Setting the rules of sampling, and checking what they drew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.conditions import parse
from core.doubles import refusing_doubles
from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import record_event
from core.questionnaires.questions import Question, parse_questions
from core.questionnaires.services import NewInvitation, answer, invite, token_of
from crm.performance.choices import SampleState
from crm.performance.models import CHECK_RIGHT, QualitySample, SamplingCount, SamplingRule
from tickets.services.facts import TICKET_FIELDS

if TYPE_CHECKING:
    from crm.staff.models import User

CHECKED = "quality.checked"
#: A check is never late for its own form.
OPEN_FOR = timedelta(days=3650)
RATE_DAYS = 30
_TENTH = Decimal("0.1")


@transaction.atomic
def save_rule(*, rule: SamplingRule | None, actor: "User | None", values: Mapping[str, Any]) -> SamplingRule:
    """Make or change a rule; it counts for conversations closed from now on. Raises ConditionError for a wrong
    condition, Conflict for a name or position in use."""
    row = rule or SamplingRule()
    for name, value in values.items():
        setattr(row, name, value)
    parse(row.condition, TICKET_FIELDS)
    if not 0 <= row.rate <= 1:
        sentence = _("抽检率须在 0 到 1 之间。")
        raise InvalidInput(sentence, fields={"rate": [sentence]})
    with refusing_doubles("name", "position"):
        row.save()
    data = {"name": row.name, "condition": row.condition, "rate": str(row.rate), "active": row.is_active}
    record_event(kind="sampling_rule.saved", subject_type="samplingrule", subject_id=row.pk, actor=actor, payload=data)
    return row


@transaction.atomic
def check(*, sample: QualitySample, actor: "User", answers: Mapping[str, Any]) -> QualitySample:
    """Fill the scorecard in, once; one's own is checked by others. Raises InvalidInput by question."""
    rows: Any = QualitySample.objects.select_for_update(of=("self",)).select_related("version")
    held: QualitySample = rows.get(pk=sample.pk)
    if not actor.has_perm(CHECK_RIGHT):
        raise NotAllowed(_("您没有质检的权限。"))
    if held.state != SampleState.TO_CHECK:
        raise Conflict(_("这条会话已经质检过了。"), code="already_checked", allowed=[])
    if held.person_id == actor.pk:
        raise Conflict(_("自己的会话要由别人质检。"), code="own_conversation")
    made = NewInvitation(
        key=f"quality:{held.pk}",
        version=held.version,
        subject_type="quality_sample",
        subject_id=held.pk,
        expires_at=clock.now() + OPEN_FOR,
        recipient=f"user:{actor.pk}",
    )
    held.invitation, _is_new = invite(made)
    response = answer(token=token_of(held.invitation) or "", raw=answers)
    held.state, held.checker, held.checked_at = SampleState.CHECKED, actor, clock.now()
    held.score = percent_of(parse_questions(held.version.questions), response.answers)
    held.save(update_fields=["invitation", "state", "checker", "checked_at", "score"])
    record_event(
        kind=CHECKED,
        subject_type="quality_sample",
        subject_id=held.pk,
        actor=actor,
        payload={"ticket": held.ticket_id, "person": held.person_id, "score": str(held.score)},
        audience=f"user:{held.person_id}" if held.person_id else "",
    )
    return held


def percent_of(questions: tuple[Question, ...], values: Mapping[str, Any]) -> Decimal:
    """What was reached of what could be, over all score questions that were answered, in percent; half up."""
    scored = [(question, values[question.key]) for question in questions if question.kind == "score"
              and question.key in values]  # fmt: skip
    most = sum(question.maximum - question.minimum for question, _value in scored)
    if not most:
        sentence = _("评分表没有打分题，不能质检。")
        raise InvalidInput(sentence, fields={"answers": [sentence]})
    reached = sum(value - question.minimum for question, value in scored)
    return (Decimal(100) * reached / most).quantize(_TENTH, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class RuleRate:
    """A rule with what it did in the last days; `share` is None while nothing was closed."""

    rule: SamplingRule
    sentence: str
    closed: int
    drawn: int

    @property
    def share(self) -> float | None:
        return self.drawn / self.closed if self.closed else None

    @property
    def rate_text(self) -> str:
        return f"{self.rule.rate:.1%}"

    @property
    def share_text(self) -> str:
        return "—" if self.share is None else f"{self.share:.1%}"


def rates() -> list[RuleRate]:
    """Every rule with its share of the last thirty days."""
    since = timezone.localdate(clock.now()) - timedelta(days=RATE_DAYS - 1)
    sums = SamplingCount.objects.filter(day__gte=since).order_by().values("rule")
    by_rule = {row["rule"]: row for row in sums.annotate(closed=Sum("closed"), drawn=Sum("drawn"))}
    found = []
    for rule in SamplingRule.objects.order_by("position"):
        counts = by_rule.get(rule.pk, {"closed": 0, "drawn": 0})
        sentence = parse(rule.condition, TICKET_FIELDS).sentence()
        found.append(RuleRate(rule, sentence, counts["closed"], counts["drawn"]))
    return found
