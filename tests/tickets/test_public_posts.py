"""C34: complaints and what is said about them in public."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from crm.staff.models import User
from tickets.models import PostLink, PublicPost, ReachThreshold, Ticket
from tickets.publicity import posts
from tickets.services import editing

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C34")]

POSTED = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture
def complaint(make_ticket: Callable[..., Ticket]) -> Ticket:
    return make_ticket("杯子颜色不对", type="complaint", category="商品质量问题", priority="normal")


def post(actor: User, number: int = 1, **given: Any) -> PublicPost:
    values = {"platform": "weibo", "url": f"https://weibo.com/u/{number}", "reach": 100, "posted_at": POSTED}
    return posts.record_post(actor=actor, values={**values, **given})


def raised(ticket: Ticket) -> list[Any]:
    return list(Event.objects.filter(kind=posts.RAISED, subject_id=ticket.pk).order_by("id"))


@pytest.mark.parametrize(
    ("reach", "priority"), [(9_999, "normal"), (10_000, "high"), (99_999, "high"), (100_000, "urgent")]
)
def test_reach_raises_the_priority_from_the_threshold_on(
    complaint: Ticket, agent: User, reach: int, priority: str
) -> None:
    posts.link(post=post(agent, reach=reach), ticket=complaint, actor=agent)
    complaint.refresh_from_db()
    assert complaint.priority == priority


def test_several_posts_add_up_and_a_threshold_raises_once(complaint: Ticket, agent: User) -> None:
    first, second = post(agent, 1, reach=6_000), post(agent, 2, reach=4_000)
    posts.link(post=first, ticket=complaint, actor=agent)
    assert raised(complaint) == []
    posts.link(post=second, ticket=complaint, actor=agent)
    [event] = raised(complaint)
    assert (event.payload["was"], event.payload["to"], event.payload["reach"]) == ("normal", "high", 10_000)
    complaint.refresh_from_db()
    editing.edit(ticket=complaint, actor=agent, changes={"priority": "normal"})
    posts.unlink(post=second, ticket=complaint, actor=agent, reason="不是同一件事")
    posts.link(post=second, ticket=complaint, actor=agent)
    posts.update_post(post=first, actor=agent, changes={"reach": 50_000})
    complaint.refresh_from_db()
    assert complaint.priority == "normal"
    posts.update_post(post=first, actor=agent, changes={"reach": 96_000})
    complaint.refresh_from_db()
    assert complaint.priority == "urgent"
    assert len(raised(complaint)) == 2


def test_a_post_belongs_to_several_complaints_and_growing_raises_each(
    complaint: Ticket, make_ticket: Callable[..., Ticket], agent: User
) -> None:
    other = make_ticket("颜色也不对", type="complaint", priority="normal")
    seen = post(agent)
    for ticket in (complaint, other, other):
        posts.link(post=seen, ticket=ticket, actor=agent)
    assert PostLink.objects.standing().count() == 2
    posts.update_post(post=seen, actor=agent, changes={"reach": 10_000})
    assert set(Ticket.objects.values_list("priority", flat=True)) == {"high"}


def test_unlinking_keeps_who_and_why_and_what_was_raised(complaint: Ticket, agent: User) -> None:
    seen = post(agent, reach=10_000)
    posts.link(post=seen, ticket=complaint, actor=agent)
    with pytest.raises(InvalidInput) as refused:
        posts.unlink(post=seen, ticket=complaint, actor=agent, reason=" ")
    assert "reason" in refused.value.fields
    row = posts.unlink(post=seen, ticket=complaint, actor=agent, reason="认错了")
    assert (row.unlinked_by, row.unlink_reason, row.unlinked_at is not None) == (agent, "认错了", True)
    complaint.refresh_from_db()
    assert (complaint.priority, complaint.public_reach.reach) == ("high", 0)
    assert Event.objects.filter(kind=posts.UNLINKED, subject_id=complaint.pk, actor=agent).count() == 1


def test_an_address_is_recorded_once_whatever_its_case_and_anchor(agent: User) -> None:
    known = post(agent, url="https://Weibo.com/u/7#top")
    with pytest.raises(Conflict) as refused:
        post(agent, url="HTTPS://weibo.com/u/7")
    assert refused.value.extra["post"] == known.pk
    for wrong in ("weibo.com/u/7", "javascript:alert(1)", "http://", "https://a b.com/", "http://[::1", "x" * 600):
        with pytest.raises(InvalidInput):
            post(agent, url=wrong)


def test_thresholds_are_the_supervisors_to_edit(
    complaint: Ticket, make_ticket: Callable[..., Ticket], agent: User, supervisor: User
) -> None:
    posts.ensure_thresholds()
    row = ReachThreshold.objects.get(reach=10_000)
    with pytest.raises(NotAllowed):
        posts.save_threshold(threshold=row, actor=agent, values={"reach": 50})
    for threshold in (row, None):
        values = {"reach": 100_000, "priority": "high"}
        with pytest.raises(Conflict) as double:
            posts.save_threshold(threshold=threshold, actor=supervisor, values=values)
        assert (double.value.status, list(double.value.fields)) == (409, ["reach"])
    row.refresh_from_db()
    posts.save_threshold(threshold=row, actor=supervisor, values={"reach": 50})
    posts.link(post=post(agent, reach=49), ticket=complaint, actor=agent)
    complaint.refresh_from_db()
    assert complaint.priority == "normal"
    with pytest.raises(Conflict):
        posts.link(post=post(agent, 2), ticket=make_ticket("怎么用"), actor=agent)
