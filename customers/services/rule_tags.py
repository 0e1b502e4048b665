"""Labels that a rule gives and takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from core.clock import now
from core.conditions import Condition, parse
from core.errors import InvalidInput
from customers import events
from customers.choices import TagKind
from customers.models import Customer, CustomerTag, Tag
from customers.rules import CUSTOMER_FIELDS, askable, named_tags
from customers.services.validation import field_error

BATCH = 1000


@dataclass(frozen=True)
class RulePreview:
    """What a rule would do: how many match, how many would get the label, how many would lose it."""

    count: int
    sentence: str
    joining: int
    leaving: int


@dataclass(frozen=True)
class Applied:
    added: int
    removed: int


def check_rule(*, condition: Any, tag: Tag | None) -> Condition:
    """The checked rule. Raises ConditionError for what is wrong in it, InvalidInput for a circle of rule tags."""
    parsed = parse(condition, CUSTOMER_FIELDS)
    if not condition:
        raise field_error("condition", _("规则标签须有规则。"))
    if tag is not None and (circle := _circle(tag.name, condition)):
        sentence = _("规则循环引用：%(circle)s。") % {"circle": " → ".join(circle)}
        raise InvalidInput(sentence, code="rule_cycle", fields={"condition": [sentence]})
    return parsed


def preview_rule(*, condition: Any, tag: Tag | None = None) -> RulePreview:
    """What the rule would do to `tag`'s holders. Writes nothing. Raises as `check_rule`."""
    rule = check_rule(condition=condition, tag=tag)
    matching = _matching(rule)
    count = matching.count()
    if tag is None or tag.pk is None:
        return RulePreview(count, rule.sentence(), joining=count, leaving=0)
    return RulePreview(
        count, rule.sentence(), joining=_joining(tag, matching).count(), leaving=_leaving(tag, matching).count()
    )


def apply_rule_tag(*, tag: Tag, actor: Any = None, batch: int = BATCH) -> Applied:
    """Give the label to all who match, take it from those who no longer do, a batch per transaction.

    In an exclusive group a rule does not push out a label the customer already has: two rules that
    both match would otherwise change places at every run. Safe to run twice or at the same time.
    """
    if tag.kind != TagKind.RULE:
        raise field_error("kind", _("“%(tag)s”不是规则标签。") % {"tag": tag.name})
    rule = check_rule(condition=tag.condition, tag=tag)
    added = removed = 0
    while taken := _take_batch(tag, rule, actor, batch):
        removed += taken
    if tag.is_active:
        while given := _give_batch(tag, rule, actor, batch):
            added += given
    with transaction.atomic():
        Tag.objects.filter(pk=tag.pk).update(applied_at=now())
        events.record_events(
            [events.subject_event(events.TAG_APPLIED, "tag", tag.pk, actor, added=added, removed=removed)]
        )
    return Applied(added, removed)


def apply_all_rule_tags() -> None:
    """Run every active rule once, those that others refer to first."""
    tags = {tag.name: tag for tag in Tag.objects.filter(kind=TagKind.RULE, is_active=True)}
    done: set[str] = set()

    def run(name: str) -> None:
        if name in done or name not in tags:
            return
        done.add(name)
        for needed in named_tags(tags[name].condition):
            run(needed)
        apply_rule_tag(tag=tags[name])

    for name in sorted(tags):
        run(name)


def _matching(rule: Condition) -> QuerySet[Customer]:
    return askable(Customer.objects.standing()).filter(rule.q())


def _spells(tag: Tag) -> QuerySet[CustomerTag]:
    return CustomerTag.objects.filter(tag=tag, removed_at__isnull=True)


def _joining(tag: Tag, matching: QuerySet[Customer]) -> QuerySet[Customer]:
    held = CustomerTag.objects.filter(removed_at__isnull=True, customer=OuterRef("pk"))
    if tag.group is not None and tag.group.is_exclusive:
        return matching.filter(~Exists(held.filter(tag__group=tag.group)))
    return matching.filter(~Exists(held.filter(tag=tag)))


def _leaving(tag: Tag, matching: QuerySet[Customer]) -> QuerySet[CustomerTag]:
    return _spells(tag).exclude(customer__in=matching.values("pk"))


def _give_batch(tag: Tag, rule: Condition, actor: Any, batch: int) -> int:
    with transaction.atomic():
        _lock(tag)
        joining = list(_joining(tag, _matching(rule)).order_by("pk").values_list("pk", flat=True)[:batch])
        # Held in one order by everybody who writes labels, so nobody waits in a circle.
        locked = list(
            Customer.objects.standing()
            .select_for_update(of=("self",))
            .filter(pk__in=joining)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        CustomerTag.objects.bulk_create(
            [CustomerTag(customer_id=pk, tag=tag, added_at=now(), reason=_("规则")) for pk in locked],
            ignore_conflicts=True,
        )
        events.record_events(
            [events.customer_event(events.TAG_ADDED, pk, actor, tag=tag.name, by_rule=True) for pk in locked]
        )
    return len(locked)


def _take_batch(tag: Tag, rule: Condition, actor: Any, batch: int) -> int:
    with transaction.atomic():
        _lock(tag)
        leaving = _spells(tag) if not tag.is_active else _leaving(tag, _matching(rule))
        spells = list(leaving.order_by("customer_id").values_list("pk", "customer_id")[:batch])
        _close([pk for pk, _customer in spells], now())
        events.record_events(
            [
                events.customer_event(events.TAG_REMOVED, customer, actor, tag=tag.name, by_rule=True)
                for _pk, customer in spells
            ]
        )
    return len(spells)


def _lock(tag: Tag) -> None:
    """One run of a rule at a time."""
    Tag.objects.select_for_update(of=("self",)).get(pk=tag.pk)


def _close(spell_ids: list[int], moment: datetime) -> None:
    CustomerTag.objects.filter(pk__in=spell_ids, removed_at__isnull=True).update(removed_at=moment)


def _circle(name: str, condition: Any) -> list[str]:
    """The path from the label through the rules back to it; empty when there is none."""
    rules = dict(Tag.objects.filter(kind=TagKind.RULE).values_list("name", "condition"))
    rules[name] = condition
    seen: set[str] = set()

    def walk(current: str, path: list[str]) -> list[str]:
        for needed in named_tags(rules.get(current, {})):
            if needed == name:
                return [*path, needed]
            if needed not in seen:
                seen.add(needed)
                if found := walk(needed, [*path, needed]):
                    return found
        return []

    return walk(name, [name])
