"""The closed complaints that reports of remedies are about: those looked at again after thirty days."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.insights.days import Period
from crm.insights.questions import Question, today
from crm.insights.remedies.narrowing import Choice, Choices, Chosen, Frame
from tickets.models import ComplaintOutcome
from tickets.models.outcome import APOLOGY, SATISFIED_FROM
from tickets.precedents import BANDS, band_of
from tickets.services.outcomes import METHODS
from tickets.services.transitions import OUTCOME_AFTER

if TYPE_CHECKING:
    from crm.staff.models import User

#: Without days in the address: the last closings that were looked at again.
USUAL_DAYS = 90
_HOUR = 60


def _band(low: Any, high: Any) -> Q:
    return Q(price__gte=low) & (Q(price__lt=high) if high is not None else Q())


METHOD: Choices = {key: Choice(label, Q(methods__contains=[key])) for key, label in METHODS.items()}
REMEDIED: Choices = {
    "yes": Choice(_("有补救"), ~Q(methods=[APOLOGY])),
    "no": Choice(_("仅道歉与说明"), Q(methods=[APOLOGY])),
}
SPEED: Choices = {
    "day": Choice(_("24 小时内"), Q(handling_minutes__lte=24 * _HOUR)),
    "days": Choice(_("24–72 小时"), Q(handling_minutes__gt=24 * _HOUR, handling_minutes__lte=72 * _HOUR)),
    "longer": Choice(_("超过 72 小时"), Q(handling_minutes__gt=72 * _HOUR)),
}
BAND: Choices = {
    **{
        str(number): Choice(f"¥{band_of(low).text}", _band(low, high))
        for number, (low, high) in enumerate(zip(BANDS, [*BANDS[1:], None], strict=True))
    },
    "none": Choice(_("金额未知"), Q(price__isnull=True)),
}
SEEN: Choices = {
    "rated": Choice(_("有评分"), Q(satisfaction__isnull=False)),
    "satisfied": Choice(_("满意"), Q(satisfaction__gte=SATISFIED_FROM)),
    "repurchased": Choice(_("复购"), Q(repurchase_count__gt=0)),
    "repeated": Choice(_("再次投诉"), Q(repeat_count__gt=0)),
}
FRAME = Frame(
    choices={"method": METHOD, "remedied": REMEDIED, "speed": SPEED, "band": BAND, "seen": SEEN},
    columns={"category": "category", "level": "level_key"},
)


def asked(query: QueryDict, user: "User") -> Question:
    """The question of an address; its days are those of closing, by themselves the last that can be looked back on."""
    question = Question.of(query, user)
    if query.get("from") or query.get("to"):
        return question
    return replace(question, period=Period.ending(today() - timedelta(days=OUTCOME_AFTER.days), days=USUAL_DAYS))


def cases(user: "User", question: Question, chosen: Chosen | None = None) -> Any:
    """The look backs in the person's sight on complaints closed in the period, narrowed."""
    rows: Any = ComplaintOutcome.objects.visible_to(user)
    rows = rows.filter(closed_at__gte=question.period.start, closed_at__lt=question.period.end)
    if question.queue is not None:
        rows = rows.filter(ticket__queue=question.queue)
    if question.channel is not None:
        rows = rows.filter(ticket__channel=question.channel)
        # A complaint may be without a level: it is compared with others that are.
    return FRAME.narrow(rows.annotate(level_key=Coalesce("level__key", Value(""))), chosen or {})
