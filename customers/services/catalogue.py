"""Shops, labels and label groups: what the other rows are sorted by."""

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from core.errors import Conflict
from core.wording import listed
from customers import events
from customers.choices import TagColour, TagKind
from customers.models import CustomerTag, Shop, Tag, TagGroup
from customers.models.shop import KEY_PATTERN
from customers.rules import named_tags
from customers.services.rule_tags import check_rule
from customers.services.validation import clean_line, field_error


class TagChanges(TypedDict, total=False):
    """What may be changed on a label; absent means "leave as it is"."""

    name: str
    group: TagGroup | None
    kind: str
    condition: dict[str, Any]
    colour: str
    is_active: bool


def save_shop(*, shop: Shop | None, actor: Any, changes: Mapping[str, Any]) -> Shop:
    """Make or change a shop. Raises InvalidInput for a bad key, Conflict "duplicate_key" for one in use."""
    row = shop or Shop()
    for name, value in changes.items():
        setattr(row, name, value)
    if not re.fullmatch(KEY_PATTERN, row.key):
        raise field_error("key", _("编码只能用字母、数字、点、横线和下划线，并以字母或数字开头。"))
    row.name = clean_line(row.name, field="name", limit=100) or row.key
    _save_unique(row, kind=events.SHOP_SAVED, subject="shop", field="key", actor=actor, data={"key": row.key})
    return row


def save_tag_group(
    *, group: TagGroup | None, actor: Any, name: str | None = None, is_exclusive: bool | None = None
) -> TagGroup:
    """Make or change a group. It cannot become exclusive while customers hold two of its labels."""
    row = group or TagGroup()
    if name is not None:
        row.name = clean_line(name, field="name", limit=100)
    if not row.name:
        raise field_error("name", _("请填写标签组的名称。"))
    if is_exclusive is not None:
        if is_exclusive and not row.is_exclusive and row.pk is not None:
            _refuse_double_holders(row)
        row.is_exclusive = is_exclusive
    data = {"name": row.name, "is_exclusive": row.is_exclusive}
    _save_unique(row, kind=events.TAG_GROUP_SAVED, subject="tag_group", field="name", actor=actor, data=data)
    return row


def save_tag(*, tag: Tag | None, actor: Any, changes: TagChanges) -> Tag:
    """Make or change a label. Raises ConditionError for a wrong rule, InvalidInput for a circle of rules."""
    row = tag or Tag()
    before = row.name
    for name, value in changes.items():
        setattr(row, name, value)
    row.name = clean_line(row.name, field="name", limit=100)
    if not row.name:
        raise field_error("name", _("请填写标签名。"))
    if tag is not None and row.name != before:
        _refuse_rename_of_used(before)
    if row.colour not in TagColour.values:
        raise field_error("colour", _("没有这种颜色。"))
    if row.kind == TagKind.RULE:
        check_rule(condition=row.condition, tag=row)
    elif row.condition:
        raise field_error("condition", _("手工标签没有规则。"))
    data = {"name": row.name, "kind": row.kind, "condition": row.condition, "is_active": row.is_active}
    _save_unique(row, kind=events.TAG_SAVED, subject="tag", field="name", actor=actor, data=data)
    return row


def _save_unique(row: Any, *, kind: str, subject: str, field: str, actor: Any, data: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            row.save()
            events.record_events([events.subject_event(kind, subject, row.pk, actor, **data)])
    except IntegrityError as error:
        sentence = _("“%(value)s”已被使用。") % {"value": getattr(row, field)}
        raise Conflict(sentence, code=f"duplicate_{field}", fields={field: [sentence]}) from error


def _refuse_double_holders(group: TagGroup) -> None:
    holders = (
        CustomerTag.objects.active()
        .filter(tag__group=group)
        .order_by()
        .values("customer")
        .annotate(held=Count("pk"))
        .filter(held__gt=1)
        .count()
    )
    if holders:
        sentence = _("有 %(count)s 位客户同时持有该组的多个标签，不能设为互斥。") % {"count": holders}
        raise Conflict(sentence, code="not_exclusive", fields={"is_exclusive": [sentence]})


def _refuse_rename_of_used(name: str) -> None:
    """Rules name labels by their name: renaming one in use would silently change what they match."""
    rules = Tag.objects.filter(kind=TagKind.RULE).values_list("name", "condition")
    users = sorted(other for other, condition in rules if name in set(named_tags(condition)))
    if users:
        sentence = _("规则标签“%(users)s”引用了该标签，不能改名。") % {"users": listed(users)}
        raise Conflict(sentence, code="tag_in_use", fields={"name": [sentence]})
