"""The configuration in force: channels, queues, rules and policies, from the shared cache."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.conditions import Condition, parse
from core.errors import DomainError
from customers.models import Shop
from tickets.configuration import cached
from tickets.models import Channel, PlatformNorm, Queue, RoutingRule, SLAPolicy
from tickets.services.facts import TICKET_FIELDS

OTHER = "other"


@dataclass(frozen=True)
class TargetInForce:
    metric: str
    seconds: int
    warn_at: tuple[float, ...]


@dataclass(frozen=True)
class PolicyInForce:
    id: int
    version: int
    name: str
    calendar_id: int
    raw_condition: dict[str, Any]
    targets: dict[str, tuple[TargetInForce, ...]]

    @property
    def condition(self) -> Condition:
        return parse(self.raw_condition, TICKET_FIELDS)


@dataclass(frozen=True)
class RuleInForce:
    id: int
    name: str
    position: int
    queue_id: int
    priority: str
    raw_condition: dict[str, Any] = field(default_factory=dict)

    @property
    def condition(self) -> Condition:
        return parse(self.raw_condition, TICKET_FIELDS)


def _load_policies() -> list[PolicyInForce]:
    policies = []
    for row in SLAPolicy.objects.filter(is_active=True).order_by("position").prefetch_related("targets"):
        targets: dict[str, list[TargetInForce]] = {}
        for target in row.targets.all():
            targets.setdefault(target.priority, []).append(
                TargetInForce(target.metric, target.seconds, tuple(target.warn_at))
            )
        policies.append(
            PolicyInForce(
                row.pk,
                row.version,
                row.name,
                row.calendar_id,
                row.condition,
                {priority: tuple(found) for priority, found in targets.items()},
            )
        )
    return policies


def _load_rules() -> list[RuleInForce]:
    rows = RoutingRule.objects.filter(is_active=True).order_by("position")
    return [RuleInForce(r.pk, r.name, r.position, r.queue_id, r.priority, r.condition) for r in rows]


@dataclass(frozen=True)
class Configuration:
    """Everything an intake asks for, as it stood at one moment."""

    channels: dict[str, Channel]
    queues: dict[str, Queue]
    shops: dict[str, Shop]
    routing_rules: list[RuleInForce]
    policies: list[PolicyInForce]
    platform_norms: list[PlatformNorm] = field(default_factory=list)


def _load() -> Configuration:
    shops = list(Shop.objects.filter(is_active=True))
    return Configuration(
        channels={channel.key: channel for channel in Channel.objects.select_related("shop").defer("secret", "config")},
        queues={queue.key: queue for queue in Queue.objects.all()},
        shops={**{shop.name: shop for shop in shops}, **{shop.key: shop for shop in shops}},
        routing_rules=_load_rules(),
        policies=_load_policies(),
        platform_norms=list(PlatformNorm.objects.filter(is_active=True)),
    )


def in_force() -> Configuration:
    """The configuration, at most half a minute old and dropped when it changes."""
    return cached(_load)


def policies() -> list[PolicyInForce]:
    """SLA policies in order of precedence."""
    return in_force().policies


def queues() -> dict[str, Queue]:
    """Queues by key."""
    return in_force().queues


def channel_for(word: str) -> tuple[Channel, str]:
    """The channel of that key, or `other` with the given word kept (capability B03)."""
    known = in_force().channels
    if word in known:
        return known[word], ""
    other = known.get(OTHER)
    if other is None:
        other, _created = Channel.objects.get_or_create(key=OTHER, defaults={"name": "其他", "kind": "other"})
    return other, word


def shop_for(word: str) -> tuple[Shop | None, str]:
    """The shop of that key or name, or none with the given word kept."""
    if not word:
        return None, ""
    shop = in_force().shops.get(word)
    if shop is None:
        # A shop made a moment ago may not be in the cached copy yet; an unknown word is rare.
        shop = Shop.objects.filter(Q(key=word) | Q(name=word), is_active=True).first()
    return (shop, "") if shop else (None, word)


def default_queue() -> Queue:
    """The queue for tickets no rule claims; made when the very first ticket arrives."""
    for queue in queues().values():
        if queue.is_default:
            return queue
    queue, _created = Queue.objects.get_or_create(
        is_default=True, defaults={"key": "default", "name": "默认队列", "position": 999}
    )
    return queue


def queue_for(value: object) -> Queue:
    """The queue named by id, key or name; an unknown one is an error that names the field."""
    known = queues()
    if isinstance(value, str) and value in known:
        return known[value]
    for queue in known.values():
        if str(queue.pk) == str(value) or queue.name == value:
            return queue
    sentence = str(_("没有这个队列：%(value)s。") % {"value": value})
    raise DomainError(sentence, code="invalid", fields={"queue": [sentence]})


def ensure_queues(labels: list[str]) -> list[Queue]:
    """Make a queue for every label a trained model speaks of and no row knows yet."""
    known = set(queues())
    made = [Queue(key=label[:100], name=label[:100]) for label in sorted(set(labels) - known) if label]
    for queue in made:
        queue.save()
    return made
