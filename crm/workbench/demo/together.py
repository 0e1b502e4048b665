"""A complaint of the story that departments and a supplier settle, talked about in public, and a negotiation."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core import clock
from core.procedures.models import Department
from crm.workbench.demo.shop import FADING_BATCH
from crm.workbench.demo.stage import Life
from tickets.choices import OPEN_STATUSES, TicketType
from tickets.models import Ticket
from tickets.negotiation import demands, talks
from tickets.negotiation.choices import OfferState
from tickets.publicity import posts
from tickets.rooms import guests, rooms

#: Address, platform, account, readers, mood, words.
POSTS = (
    (
        "https://weibo.com/5523/Ok1xq",
        "weibo",
        "@小陈不吃亏",
        18_600,
        "negative",
        "四件套一洗就掉色，客服让等三天",
    ),
    (
        "https://www.xiaohongshu.com/explore/65f0a1",
        "xiaohongshu",
        "阿梨在生活",
        4_200,
        "negative",
        "同款也掉色了",
    ),
    (
        "https://zhihu.com/question/6301",
        "zhihu",
        "家居观察",
        960,
        "neutral",
        "床品掉色为何难认定",
    ),
)
GOODWILL = {"P": "168.00", "severity": "0.15", "responsibility": "1"}


def together(staff: dict[str, Any], end: datetime) -> Life:
    """Two days before the end: posts and a room with the supplier; then a demand and an offer that was declined."""
    boss = staff["supervisor"]
    rows = Ticket.objects.filter(type=TicketType.COMPLAINT, status__in=OPEN_STATUSES, merged_into=None)
    chosen = list(rows.exclude(assignee=None).exclude(category="").order_by("-id")[:2])
    if len(chosen) < 2:
        return
    second = chosen[1]
    first = rows.filter(batch=FADING_BATCH).order_by("-id").first() or chosen[0]
    for url, platform, author, reach, sentiment, excerpt in POSTS:
        values = {"url": url, "platform": platform, "author": author, "reach": reach, "sentiment": sentiment}
        at = clock.now() - timedelta(hours=5)
        post = posts.record_post(actor=boss, values={**values, "excerpt": excerpt, "posted_at": at})
        if sentiment == "negative":
            posts.link(post=post, ticket=first, actor=boss)
    serving = Department.objects.filter(key__in=["product", "warehouse"], is_active=True)
    room = rooms.open_room(
        ticket=first,
        actor=boss,
        summary="同批四件套掉色，网上已有讨论，须查清批次与责任。",
        due_at=end + timedelta(hours=20),
        members=[pk for pk in serving.values_list("members", flat=True) if pk is not None],
    )
    maker = guests.invite(room=room, actor=boss, name="东盛纺织", kind="supplier", days=5, may_answer=True).guest
    rooms.write(room=room, actor=boss, text="请提供这一批次的色牢度检测报告。", is_for_guests=True)
    yield end - timedelta(hours=9)
    guests.answer(guest=maker, text="复检显示固色不足，同意承担退款。", address="203.0.113.8")
    rooms.write(room=room, actor=boss, text="整批下架，已购客户全额退款，费用向供应商追偿。", kind="decision")
    yield end - timedelta(hours=3)
    agent: Any = Ticket.objects.select_related("assignee").get(pk=second.pk).assignee or boss
    demands.record_demand(
        ticket=second, actor=agent, amount=Decimal("100.00"), remedy="compensation", words="至少赔一百"
    )
    held = talks.open_negotiation(ticket=second, actor=agent, case="C-22", inputs=GOODWILL)
    offer = talks.make_offer(negotiation=held, actor=agent, amount=talks.next_amount(held), reason="客户多次来访")
    if offer.state == OfferState.OFFERED:
        talks.answer_offer(offer=offer, actor=agent, answer="declined", words="太少了", countered=Decimal("60.00"))
