"""Changing the configuration: queues, channels, routing rules, SLA policies. And trying a rule before saving it."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.conditions import parse
from core.doubles import refusing_doubles
from core.errors import Conflict, InvalidInput
from core.events import record_event
from core.timers import TimerSpec, arm
from tickets.choices import ChannelKind
from tickets.models import Channel, Queue, RoutingRule, SLAClock, SLAPolicy, SLATarget, Ticket
from tickets.models.sla import default_warnings
from tickets.services import catalogue, channel_settings, sla
from tickets.services.facts import TICKET_FIELDS, TicketFacts
from tickets.services.platform_norms import configuring as platform_norms
from tickets.services.transitions import lock

if TYPE_CHECKING:
    from crm.staff.models import User

TIMER_RECOMPUTE = "sla.recompute"
PREVIEW_ROWS = 1000
BATCH = 200


def _save(row: Any, actor: "User | None", kind: str, unique: str, data: dict[str, Any]) -> None:
    """Save, naming the field when another row already has that value, and leave an event."""
    with refusing_doubles(unique, "position", "name", "key"):
        row.save()
    record_event(kind=kind, subject_type=row._meta.model_name, subject_id=row.pk, actor=actor, payload=data)


@transaction.atomic
def save_queue(*, queue: Queue | None, actor: "User | None", **values: Any) -> Queue:
    """Make or change a queue. Without a key the name serves as one."""
    queue = queue or Queue()
    for name, value in values.items():
        setattr(queue, name, value)
    _save(queue, actor, "queue.saved", "key", {"key": queue.key, "name": queue.name})
    return queue


@transaction.atomic
def save_channel(*, channel: Channel | None, actor: "User | None", **values: Any) -> Channel:
    """Make or change a channel; `shop` is a word, `settings` what its kind needs, `preset` a shop platform.

    With a preset come the platform's norms, unless they are there already.
    """
    channel = channel or Channel(preset="")
    given = values.pop("settings", None)
    if "shop" in values:
        word = values.pop("shop")
        channel.shop, unknown = catalogue.shop_for(word or "")
        if unknown:
            sentence = str(_("没有这个店铺：%(value)s。") % {"value": unknown})
            raise Conflict(sentence, code="invalid", fields={"shop": [sentence]})
    for name, value in values.items():
        setattr(channel, name, value)
    if given is not None:
        channel.config = channel_settings.merged(channel, given)
    if channel.preset and channel.kind != ChannelKind.SHOP:
        sentence = str(_("只有店铺平台渠道可以选平台预设。"))
        raise InvalidInput(sentence, fields={"preset": [sentence]})
    _save(channel, actor, "channel.saved", "key", {"key": channel.key, "active": channel.is_active})
    if channel.preset:
        platform_norms.load_presets(platform=channel.preset, actor=actor)
    return channel


@transaction.atomic
def save_rule(*, rule: RoutingRule | None, actor: "User | None", values: dict[str, Any]) -> RoutingRule:
    """Make or change a routing rule. It applies to tickets that come in from now on."""
    rule = rule or RoutingRule()
    for name, value in values.items():
        setattr(rule, name, value)
    data = {"position": rule.position, "condition": rule.condition, "queue": rule.queue_id}
    _save(rule, actor, "routing_rule.saved", "position", data)
    return rule


@transaction.atomic
def save_policy(*, policy: SLAPolicy | None, actor: "User | None", values: dict[str, Any]) -> SLAPolicy:
    """Make or change a policy; open clocks follow it, ended ones do not (capability B07)."""
    values = dict(values)
    targets = values.pop("targets", None)
    policy = policy or SLAPolicy(version=0)
    is_new = policy.pk is None
    for name, value in values.items():
        setattr(policy, name, value)
    policy.version = 1 if is_new else policy.version + 1
    _save(policy, actor, "sla_policy.saved", "position", {"name": policy.name, "version": policy.version})
    if targets is not None:
        policy.targets.all().delete()
        SLATarget.objects.bulk_create(
            SLATarget(policy=policy, **{"warn_at": default_warnings(), **target}) for target in targets
        )
        # The prefetched targets of the row are those from before.
        policy.__dict__.pop("_prefetched_objects_cache", None)
    if not is_new:
        recompute_later(policy_id=policy.pk, cause=f"version:{policy.version}")
    return policy


def recompute_later(*, policy_id: int, cause: str, after: int = 0) -> None:
    """Let a worker recompute the open clocks of a policy, in batches; once for each `cause`."""
    arm(
        TimerSpec(
            key=f"sla.recompute:{policy_id}:{cause}:{after}",
            kind=TIMER_RECOMPUTE,
            due_at=clock.now(),
            subject_type="sla_policy",
            subject_id=policy_id,
            payload={"policy": policy_id, "cause": cause, "after": after},
        )
    )


def calendar_changed(*, calendar_id: int | None, cause: str) -> None:
    """Open clocks follow a changed calendar (None: the public holidays); ended ones do not."""
    affected = SLAClock.objects.filter(met_at=None, cancelled_at=None)
    if calendar_id is not None:
        affected = affected.filter(calendar=calendar_id)
    for policy_id in affected.order_by().values_list("policy_id", flat=True).distinct():
        recompute_later(policy_id=policy_id, cause=cause)


@transaction.atomic
def recompute_batch(*, policy_id: int, after: int) -> int | None:
    """Recompute a batch of tickets whose clocks follow the policy. Returns where to go on, None at the end."""
    ids = list(
        Ticket.objects.filter(pk__gt=after, clocks__policy=policy_id, clocks__met_at=None, clocks__cancelled_at=None)
        .order_by("pk")
        .values_list("pk", flat=True)
        .distinct()[:BATCH]
    )
    for pk in ids:
        ticket = lock(Ticket(pk=pk))
        sla.reapply(ticket)
        ticket.save(update_fields=["sla_policy", *sla.DUE_FIELDS])
    return ids[-1] if len(ids) == BATCH else None


def preview(*, condition: dict[str, Any], user: "User") -> dict[str, Any]:
    """What a condition would match among the newest tickets the user may see."""
    parsed = parse(condition, TICKET_FIELDS)
    rows = (
        Ticket.objects.visible_to(user)
        .select_related("channel", "shop", "queue", "customer")
        .defer("search")
        .order_by("-created_at", "-pk")[:PREVIEW_ROWS]
    )
    looked_at, found = 0, []
    for ticket in rows:
        looked_at += 1
        if parsed.matches(TicketFacts(ticket)):
            found.append(ticket.number)
    return {"sentence": parsed.sentence(), "matches": len(found), "looked_at": looked_at, "examples": found[:10]}
