"""What looks at the shop's work: innovations on trial, checked conversations, the ledger of after-sales."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core import clock
from core.events import consume
from crm.insights.days import day_of
from crm.insights.innovations.services import change_innovation, create_innovation, move_innovation
from crm.performance.consumers import draw_samples
from crm.performance.models import QualitySample
from crm.performance.services import check
from tickets.events import CLOSED
from tickets.ledger import chain, checking

CHECKED = 4
_SCORES = ((5, 5, 4, 5, 5), (4, 3, 4, 2, 5), (5, 4, 5, 4, 4), (3, 3, 4, 4, 5))
_WORDS = (
    "开场自然，方案说得清楚。",
    "先安抚再给方案会更好；第二次回复晚了。",
    "依据和时限都说到了。",
    "称呼可以更亲切一些。",
)


def show_watching(*, staff: Mapping[str, Any], end: datetime) -> None:
    """Two innovations, a few checked conversations, and a ledger that is whole."""
    _innovations(staff, end)
    # The story is one transaction: its events are read here, not by the worker.
    while consume("performance.quality", draw_samples, kinds=[CLOSED], now=end + timedelta(days=1)):
        pass
    _checks(staff["lead"])
    chain.catch_up(now=end + timedelta(days=1))
    checking.check_now()


def _innovations(staff: Mapping[str, Any], end: datetime) -> None:
    lead, today = staff["lead"], day_of(end)
    plan = {"owner": staff["supervisor"], "review_on": today + timedelta(days=20)}
    with clock.at(end - timedelta(days=16)):
        item = create_innovation(
            actor=lead,
            values={
                **plan,
                "title": "退款进度自助查询",
                "details": "客户在聊天里自己查退款走到哪一步，不用等人工。",
                "pilot": "官网聊天先开两周，和其他渠道比。",
                "pilot_first": today - timedelta(days=15),
                "pilot_last": today - timedelta(days=2),
                "metric": "自助解决率（%）",
                "baseline": Decimal(28),
                "target": Decimal(40),
                "budget": Decimal(3000),
            },
        )
        item = move_innovation(record=item, actor=lead, state="pilot", reason="例会通过")
    with clock.at(end - timedelta(days=1)):
        item = move_innovation(record=item, actor=lead, state="review")
        result = {"result": Decimal("46.5"), "result_n": 318, "cost": Decimal(2650)}
        item = change_innovation(record=item, actor=lead, changes=result)
        move_innovation(record=item, actor=staff["supervisor"], state="scaled", reason="超过目标，花费在预算内")
        idea = {"title": "直播间专属客服", "kind": "mode", "details": "大促直播时派人在直播间答疑。"}
        create_innovation(actor=lead, values=idea)


def _checks(lead: Any) -> None:
    rows = QualitySample.objects.exclude(person=None).exclude(person=lead).select_related("version")
    for sample, scores, words in zip(rows.order_by("pk")[:CHECKED], _SCORES, _WORDS, strict=False):
        keys = [question["key"] for question in sample.version.questions if question["kind"] == "score"]
        check(sample=sample, actor=lead, answers={**dict(zip(keys, scores, strict=False)), "comment": words})
