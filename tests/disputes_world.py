"""A public post, a demand, a negotiation and a room of the main ticket, for the tests of the whole product."""

from decimal import Decimal
from typing import Any

from core import clock
from tickets.models import Ticket
from tickets.negotiation import demands, talks
from tickets.publicity import posts
from tickets.rooms import guests, rooms


def build_disputes(main: Ticket, agent: Any, *, word: str) -> dict[str, Any]:
    """One of everything; `word` stands in their texts."""
    posts.ensure_thresholds()
    values = {"platform": "weibo", "url": "https://weibo.com/u/1", "reach": 500, "posted_at": clock.now()}
    post = posts.record_post(actor=agent, values={**values, "excerpt": "杯子碎了"})
    posts.link(post=post, ticket=main, actor=agent)
    demand = demands.record_demand(ticket=main, actor=agent, amount=Decimal(200), remedy="refund", words=word)
    goodwill = {"P": "200", "severity": "0.1", "responsibility": "1"}
    held = talks.open_negotiation(ticket=main, actor=agent, case="C-22", inputs=goodwill)
    offer = talks.make_offer(negotiation=held, actor=agent, amount=Decimal("8.00"))
    room = rooms.open_room(ticket=main, actor=agent, summary=f"杯子碎了，{word}")
    rooms.write(room=room, actor=agent, text=word, is_for_guests=True)
    invited = guests.invite(room=room, actor=agent, name="顺丰", may_answer=True)
    return {
        "public_post": post.pk,
        "reach_threshold": posts.ReachThreshold.objects.first().pk,  # type: ignore[union-attr]
        "demand": demand.pk,
        "ladder": held.version.item_id,
        "negotiation": held.pk,
        "offer": offer.number,
        "room": room.pk,
        "room_member": agent.pk,
        "room_guest": invited.guest.pk,
        "room_token": invited.url.rstrip("/").rpartition("/")[2],
    }
