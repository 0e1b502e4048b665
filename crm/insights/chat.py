"""Live chat in figures: acknowledgement and people's first answers apart, the bot's share, what articles solved.

* Acknowledgement within 5 s: acknowledgements that took at most 5,000 ms since the customer pressed send ÷
  (all acknowledgements + conversations that got none). Automatic messages only.
* First response of a person: from the hand-over (or the first message, where no bot spoke) to the first reply of
  a person; within 180 s ÷ all conversations that a person had to answer. Automatic messages never count.
* Share of the bot: conversations that nobody had to take ÷ all. Hand-over rate: handed over ÷ begun with the bot.
* Solve rate of an article: answers that solved without transfer ÷ answers whose conversation has come to an end
  (solved or given to a person). An answer counts as solved when the customer said so, or said nothing more.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from statistics import fmean, median
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Avg, Count, Exists, OuterRef, Q
from django.db.models.functions import TruncDate

from core.statistics import Interval, wilson
from crm.followups.models import SurveyInvitation
from crm.insights.questions import Question
from knowledge.models import Article
from tickets.chat_choices import HandoverReason
from tickets.models import BotAnswer, Chat, ChatAcknowledgement

if TYPE_CHECKING:
    from crm.staff.models import User

ACKNOWLEDGED_WITHIN_MS = 5000
ANSWERED_WITHIN_SECONDS = 180
SATISFIED_FROM = 4
SOLVE_TARGET = 0.9


@dataclass(frozen=True)
class Share:
    """hits of n; `value` is None where n is 0."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.n) if self.n else None

    @property
    def text(self) -> str:
        return "—" if self.value is None else f"{self.value * 100:.1f}%"

    @property
    def interval_text(self) -> str:
        found = self.interval
        return f"{found.low * 100:.1f}%–{found.high * 100:.1f}%" if found else ""


@dataclass(frozen=True)
class Satisfaction:
    satisfied: Share
    score: float | None


@dataclass(frozen=True)
class Day:
    """One day of the trend."""

    day: date
    chats: int
    by_bot: Share
    handed_over: Share


@dataclass(frozen=True)
class FaqLine:
    """What the bot's answers from one article came to."""

    article_id: int
    title: str
    hits: int
    solved: Share

    @property
    def is_under_target(self) -> bool:
        return self.solved.value is not None and self.solved.value < SOLVE_TARGET


@dataclass(frozen=True)
class ChatReport:
    chats: int
    acknowledged: Share
    first_response: Share
    first_response_mean: float | None
    first_response_median: float | None
    by_bot: Share
    handed_over: Share
    reasons: list[tuple[str, int]]
    bot: Satisfaction
    people: Satisfaction
    days: list[Day]
    faq: list[FaqLine]

    @property
    def work_list(self) -> list[FaqLine]:
        """Articles under the target, the most asked first."""
        return [line for line in self.faq if line.is_under_target]


def chat_report(user: "User", question: Question) -> ChatReport:
    """The figures of the conversations that began in the period, within the user's sight."""
    chats = Chat.objects.visible_to(user).filter(
        started_at__gte=question.period.start, started_at__lt=question.period.end
    )
    if question.queue is not None:
        chats = chats.filter(ticket__queue=question.queue)
    if question.channel is not None:
        chats = chats.filter(channel=question.channel)
    counted = chats.aggregate(
        n=Count("pk"),
        began=Count("pk", filter=Q(began_with_bot=True)),
        handed=Count("pk", filter=Q(began_with_bot=True, handed_over_at__isnull=False)),
    )
    waits = _first_responses(chats)
    answered = [seconds for seconds in waits if seconds is not None]
    reasons = Counter(dict(_reasons(chats)))
    return ChatReport(
        chats=counted["n"],
        acknowledged=_acknowledged(chats),
        first_response=Share(sum(seconds <= ANSWERED_WITHIN_SECONDS for seconds in answered), len(waits)),
        first_response_mean=fmean(answered) if answered else None,
        first_response_median=median(answered) if answered else None,
        by_bot=Share(counted["began"] - counted["handed"], counted["n"]),
        handed_over=Share(counted["handed"], counted["began"]),
        reasons=[(str(HandoverReason(reason).label), number) for reason, number in reasons.most_common()],
        bot=_satisfaction(chats.filter(began_with_bot=True, handed_over_at=None)),
        people=_satisfaction(chats.exclude(began_with_bot=True, handed_over_at=None)),
        days=_days(chats),
        faq=faq_lines(chats),
    )


def _acknowledged(chats: Any) -> Share:
    rows = ChatAcknowledgement.objects.filter(chat__in=chats)
    found = rows.aggregate(n=Count("pk"), fast=Count("pk", filter=Q(latency_ms__lte=ACKNOWLEDGED_WITHIN_MS)))
    none = chats.filter(~Exists(ChatAcknowledgement.objects.filter(chat=OuterRef("pk")))).count()
    return Share(found["fast"], found["n"] + none)


def _first_responses(chats: Any) -> list[float | None]:
    """Seconds until a person answered, for every conversation a person had to answer; None: nobody has yet."""
    owed = chats.filter(Q(began_with_bot=False) | Q(handed_over_at__isnull=False))
    rows = owed.values_list("started_at", "handed_over_at", "ticket__first_responded_at")
    return [
        max(0.0, (first - (handed or started)).total_seconds()) if first is not None else None
        for started, handed, first in rows
    ]


def _reasons(chats: Any) -> Any:
    handed = chats.filter(handed_over_at__isnull=False).exclude(handover_reason="")
    return handed.order_by().values_list("handover_reason").annotate(n=Count("pk"))


def _satisfaction(chats: Any) -> Satisfaction:
    rows = SurveyInvitation.objects.filter(ticket__chat__in=chats, score__isnull=False)
    found = rows.aggregate(n=Count("pk"), good=Count("pk", filter=Q(score__gte=SATISFIED_FROM)), mean=Avg("score"))
    return Satisfaction(Share(found["good"], found["n"]), found["mean"])


def _days(chats: Any) -> list[Day]:
    """The trend, the newest day first."""
    zone = ZoneInfo(settings.TIME_ZONE)
    rows = (
        chats.order_by()
        .annotate(day=TruncDate("started_at", tzinfo=zone))
        .values("day")
        .annotate(
            n=Count("pk"),
            began=Count("pk", filter=Q(began_with_bot=True)),
            handed=Count("pk", filter=Q(began_with_bot=True, handed_over_at__isnull=False)),
        )
        .order_by("-day")
    )
    return [
        Day(
            row["day"],
            row["n"],
            Share(row["began"] - row["handed"], row["n"]),
            Share(row["handed"], row["began"]),
        )
        for row in rows
    ]


def faq_lines(chats: Any) -> list[FaqLine]:
    """By article: hits and solve rate, those under the target first, then the most asked (capability B09)."""
    ended = Q(solved_at__isnull=False) | Q(transferred_at__isnull=False)
    solved = Q(solved_at__isnull=False, transferred_at=None)
    rows = (
        BotAnswer.objects.filter(chat__in=chats)
        .order_by()
        .values("version__item_id")
        .annotate(hits=Count("pk"), ended=Count("pk", filter=ended), solved=Count("pk", filter=solved))
    )
    found = {row["version__item_id"]: row for row in rows}
    titles = dict(Article.objects.filter(pk__in=found).values_list("pk", "title"))
    lines = [
        FaqLine(pk, titles.get(pk, ""), row["hits"], Share(row["solved"], row["ended"])) for pk, row in found.items()
    ]
    return sorted(lines, key=lambda line: (not line.is_under_target, -line.hits, line.article_id))
