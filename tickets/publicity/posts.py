"""Recording public posts and tying them to complaints (C34). Reach raises a complaint's priority, once a threshold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core import clock
from core.doubles import refusing_doubles
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.events import record_event, record_events
from core.text import has_forbidden_characters
from tickets import events
from tickets.choices import PRIORITY_ORDER, Priority, TicketType
from tickets.models import PostLink, PublicPost, ReachThreshold, Ticket, TicketReach
from tickets.services import routing, sla, transitions

if TYPE_CHECKING:
    from crm.staff.models import User

LINKED, UNLINKED, RAISED = "ticket.post_linked", "ticket.post_unlinked", "ticket.reach_raised"
URL_LENGTH, AUTHOR_LENGTH, EXCERPT_LENGTH, REASON_LENGTH = 500, 100, 2000, 300
LARGEST_REACH = 10**12
#: What every shop starts with: readers, and the priority from there on.
BUILT_IN = ((10_000, Priority.HIGH), (100_000, Priority.URGENT))


def clean_url(given: str) -> str:
    """The address in one written form: without fragment, host in lower case. InvalidInput for what is none."""
    sentence = _("请填写以 http:// 或 https:// 开头的网址。")
    try:
        parts = urlsplit(given.strip())
        host = parts.hostname
    except ValueError:
        host = None
    url = "" if host is None else urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, parts.query, ""))
    wrong = (
        host is None or parts.scheme.lower() not in ("http", "https") or has_forbidden_characters(url, multiline=False)
    )
    if wrong or len(url) > URL_LENGTH or " " in url:
        raise InvalidInput(sentence, fields={"url": [sentence]})
    return url


@transaction.atomic
def record_post(*, actor: "User", values: Mapping[str, Any]) -> PublicPost:
    """Keep a post. 409 with the known one's id where its address is known already."""
    _need(actor, "tickets.add_publicpost", _("您没有登记公开帖子的权限。"))
    url = clean_url(values["url"])
    known = PublicPost.objects.filter(url=url).values_list("pk", flat=True).first()
    sentence = _("这条帖子已登记。")
    if known is not None:
        raise Conflict(sentence, code="duplicate", fields={"url": [sentence]}, post=known)
    with refusing_doubles("url", sentence=sentence):
        post = PublicPost.objects.create(**{**values, "url": url, "recorded_by": actor})
    _record(post, "recorded", actor)
    return post


@transaction.atomic
def update_post(*, post: PublicPost, actor: "User", changes: Mapping[str, Any]) -> PublicPost:
    """Correct what was recorded. Grown reach is judged for every complaint the post is tied to."""
    _need(actor, "tickets.change_publicpost", _("您没有修改公开帖子的权限。"))
    # `no_key`: who links the post meanwhile holds its ticket, and must not wait for us while we wait for that.
    held = PublicPost.objects.select_for_update(no_key=True).get(pk=post.pk)
    changed = {name: value for name, value in changes.items() if getattr(held, name) != value}
    if not changed:
        return held
    for name, value in changed.items():
        setattr(held, name, value)
    held.save(update_fields=[*changed, "updated_at"])
    _record(held, "changed", actor, fields=sorted(changed))
    if "reach" in changed:
        for one in PostLink.objects.standing().filter(post=held).select_related("ticket").order_by("ticket_id"):
            judge_reach(ticket=one.ticket, actor=actor)
    return held


@transaction.atomic
def link(*, post: PublicPost, ticket: Ticket, actor: "User") -> PostLink:
    """The post is about this complaint. One post may be about several. Linked twice is linked once."""
    _need(actor, "tickets.link_publicpost", _("您没有关联公开帖子的权限。"))
    ticket = transitions.lock(ticket)
    routing.refuse_merged(ticket)
    if ticket.type != TicketType.COMPLAINT:
        raise Conflict(_("只有投诉可以关联公开帖子。"), code="not_a_complaint")
    row, is_new = PostLink.objects.get_or_create(post=post, ticket=ticket, defaults={"linked_by": actor})
    if not is_new and row.unlinked_at is None:
        return row
    if not is_new:
        row.linked_by, row.linked_at = actor, clock.now()
        row.unlinked_by = row.unlinked_at = None
        row.unlink_reason = ""
        row.save()
    record_events([events.ticket_event(LINKED, ticket, actor, **_told(post))])
    judge_reach(ticket=ticket, actor=actor)
    return row


def link_by_address(*, ticket: Ticket, actor: "User", values: Mapping[str, Any]) -> PostLink:
    """Tie the post of that address; one that nobody recorded is recorded now."""
    with transaction.atomic():
        known = PublicPost.objects.filter(url=clean_url(values["url"])).first()
        return link(post=known or record_post(actor=actor, values=values), ticket=ticket, actor=actor)


@transaction.atomic
def unlink(*, post: PublicPost, ticket: Ticket, actor: "User", reason: str) -> PostLink:
    """The post is not about this complaint after all. What was raised stays raised."""
    _need(actor, "tickets.link_publicpost", _("您没有关联公开帖子的权限。"))
    if not reason.strip():
        sentence = _("请填写解除原因。")
        raise InvalidInput(sentence, fields={"reason": [sentence]})
    ticket = transitions.lock(ticket)
    row = PostLink.objects.standing().filter(post=post, ticket=ticket).first()
    if row is None:
        raise NotFound(_("这条帖子没有关联到该工单。"))
    row.unlinked_by, row.unlinked_at = actor, clock.now()
    row.unlink_reason = reason.strip()[:REASON_LENGTH]
    row.save(update_fields=["unlinked_by", "unlinked_at", "unlink_reason"])
    record_events([events.ticket_event(UNLINKED, ticket, actor, reason=row.unlink_reason, **_told(post))])
    judge_reach(ticket=ticket, actor=actor)
    return row


def judge_reach(*, ticket: Ticket, actor: "User | None") -> TicketReach:
    """Count the readers of all linked posts. A threshold that is passed for the first time raises the priority;
    what a person lowers afterwards is not raised again by the same one. Runs in the caller's transaction."""
    ticket = transitions.lock(ticket)
    linked = PostLink.objects.standing().filter(ticket=ticket).aggregate(reach=Sum("post__reach"))
    row, _is_new = TicketReach.objects.get_or_create(ticket=ticket)
    row.reach = linked["reach"] or 0
    ensure_thresholds()
    fresh = ReachThreshold.objects.filter(is_active=True, reach__lte=row.reach)
    passed = list(fresh if row.passed is None else fresh.filter(reach__gt=row.passed))
    gravest = max(passed, key=lambda one: PRIORITY_ORDER.index(Priority(one.priority)), default=None)
    if gravest is not None:
        row.passed = max(one.reach for one in passed)
        if _raise(ticket, gravest, row.reach, actor):
            row.raised_at = clock.now()
    row.save()
    return row


def _raise(ticket: Ticket, threshold: ReachThreshold, reach: int, actor: "User | None") -> bool:
    """Whether the priority was lower and the complaint is still open."""
    was, wanted = Priority(ticket.priority), Priority(threshold.priority)
    if not ticket.is_open or PRIORITY_ORDER.index(wanted) <= PRIORITY_ORDER.index(was):
        return False
    ticket.priority = wanted
    ticket.updated_at = clock.now()
    sla.reapply(ticket)
    ticket.save(update_fields=["priority", "updated_at", "sla_policy", *sla.DUE_FIELDS])
    told = {"was": str(was), "to": str(wanted), "reach": reach, "threshold": threshold.reach}
    record_events([events.ticket_event(RAISED, ticket, actor, action="reach", **told)])
    return True


def ensure_thresholds() -> None:
    """The built-in thresholds, where there are none."""
    if not ReachThreshold.objects.exists():
        rows = [ReachThreshold(reach=reach, priority=priority) for reach, priority in BUILT_IN]
        ReachThreshold.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def save_threshold(*, threshold: ReachThreshold | None, actor: "User", values: Mapping[str, Any]) -> ReachThreshold:
    """Make or change a threshold. It is judged when posts are linked or grow from now on."""
    verb = "add" if threshold is None else "change"
    _need(actor, f"tickets.{verb}_reachthreshold", _("您没有维护触达阈值的权限。"))
    row = threshold or ReachThreshold()
    for name, value in values.items():
        setattr(row, name, value)
    with refusing_doubles("reach", sentence=_("已有相同触达人数的阈值。")):
        row.save()
    record_event(
        kind="reach_threshold.saved",
        subject_type="reach_threshold",
        subject_id=row.pk,
        actor=actor,
        payload={"reach": row.reach, "priority": row.priority, "is_active": row.is_active},
    )
    return row


def _told(post: PublicPost) -> dict[str, Any]:
    return {"post": post.pk, "platform": post.platform, "reach": post.reach}


def _record(post: PublicPost, what: str, actor: "User", **data: Any) -> None:
    record_event(
        kind=f"public_post.{what}",
        subject_type="public_post",
        subject_id=post.pk,
        actor=actor,
        payload={**_told(post), **data},
    )


def _need(actor: "User", right: str, sentence: str) -> None:
    if not actor.has_perm(right):
        raise NotAllowed(sentence)
