"""Two records, one person: preview, merge, and take it back within thirty days."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import Conflict, InvalidInput
from core.wording import listed
from customers import events, merging
from customers.choices import ConsentPurpose
from customers.models import Customer, CustomerMerge, CustomerTag
from customers.models.merge import UNDO_PERIOD
from customers.services import ledger
from customers.services.identification import columns
from customers.services.profiles import PERSONAL_FIELDS
from customers.services.validation import field_error
from customers.services.values import refresh_values_on_commit

MERGED_FIELDS = (
    "name",
    "phone",
    "email",
    "address",
    "important",
    "do_not_contact_at",
    "notes",
    "preferences",
    "level",
)
# What the customer said last holds for the one person they are; nobody chooses that for them.
CONTACT_WISH = "do_not_contact_at"
CHOOSABLE_FIELDS = tuple(field for field in MERGED_FIELDS if field != CONTACT_WISH)
# Fields that mean nothing without their neighbour go together.
_COMPANIONS = {
    "phone": ("phone_verified_at",),
    "email": ("email_verified_at",),
    "important": ("important_until",),
    "do_not_contact_at": ("do_not_contact_reason",),
}
SOURCE = "source"
TARGET = "target"


@dataclass(frozen=True)
class FieldPreview:
    """One line of the preview. Values of personal fields are masked."""

    field: str
    label: str
    source: Any
    target: Any
    keeps: str
    differs: bool
    is_choosable: bool


def preview_merge(
    *, source: Customer, target: Customer, choices: Mapping[str, str] | None = None
) -> list[FieldPreview]:
    """What would become of each field when `source` is merged into `target`. Raises as `merge_customers` does."""
    _guard(source, target)
    kept = _kept(source, target, choices or {})
    return [
        FieldPreview(
            field=field,
            label=str(Customer._meta.get_field(field).verbose_name),  # type: ignore[union-attr]
            source=_masked(field, getattr(source, field)),
            target=_masked(field, getattr(target, field)),
            keeps=kept[field],
            differs=getattr(source, field) != getattr(target, field),
            is_choosable=field in CHOOSABLE_FIELDS,
        )
        for field in MERGED_FIELDS
    ]


def merge_customers(
    *, source: Customer, target: Customer, actor: Any, choices: Mapping[str, str] | None = None
) -> CustomerMerge:
    """Let `target` stand for both. `choices` says per field whose value stays; else the target's unless it is empty.

    Raises InvalidInput for a record with itself, Conflict for one already merged or for two records
    whose verified phone, e-mail or accounts on one platform differ.
    """
    with transaction.atomic():
        source, target = _lock_both(source, target)
        _guard(source, target)
        kept = _kept(source, target, choices or {})
        fields = {
            name: getattr(source, name)
            for field, whose in kept.items()
            if whose == SOURCE
            for name in (field, *_COMPANIONS.get(field, ()))
        }
        before = {name: getattr(target, name) for name in fields}
        moved = _move_rows(source, target)
        moved_tags, ended_tags = _move_tags(source, target)
        _write(target, fields)
        source.merged_into = target
        _write(source, {"merged_into": target})
        ledger.settle_contact_wish(target)
        undo = {
            "before": _plain(before),
            "after": _plain(fields),
            "moved": moved,
            "moved_tags": moved_tags,
            "ended_tags": ended_tags,
        }
        merge = CustomerMerge.objects.create(
            source=source, target=target, actor=actor, merged_at=now(), undo=json.dumps(undo)
        )
        counts = {label: len(ids) for label, ids in moved.items() if ids}
        data = {"merge": merge.pk, "source": source.pk, "target": target.pk, "fields": sorted(fields), "moved": counts}
        for record in (source, target):
            events.record_customer_event(events.MERGED, record.pk, actor, **data)
        refresh_values_on_commit([source.pk, target.pk])
    return merge


def unmerge_customers(*, merge: CustomerMerge, actor: Any) -> CustomerMerge:
    """Take a merge back: its rows return, and fields nobody has changed since get their former value.

    Raises Conflict "undo_expired" from the thirtieth day on, "already_undone", and "merged_on" when the
    target itself was merged into another record since.
    """
    with transaction.atomic():
        merge = CustomerMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
        if merge.undone_at is not None:
            raise Conflict(_("该合并已经撤销。"), code="already_undone")
        if now() >= merge.merged_at + UNDO_PERIOD:
            raise Conflict(_("合并超过 30 天，不能再撤销。"), code="undo_expired")
        source, target = _lock_both(merge.source, merge.target)
        if target.merged_into_id is not None:
            raise Conflict(_("合并后的客户又合并到了其他客户，请先撤销后一次合并。"), code="merged_on")
        undo = json.loads(merge.undo)
        _return_rows(source, target, undo)
        before, after = undo["before"], undo["after"]
        current = _plain({name: getattr(target, name) for name in after})
        restored = {name: _value(name, before[name]) for name in after if current[name] == after[name]}
        _write(target, restored)
        _write(source, {"merged_into": None})
        for record in (source, target):
            ledger.settle_contact_wish(record)
        merge.undone_at = now()
        merge.save(update_fields=["undone_at"])
        for record in (source, target):
            events.record_customer_event(
                events.UNMERGED, record.pk, actor, merge=merge.pk, source=source.pk, target=target.pk
            )
        refresh_values_on_commit([source.pk, target.pk])
    return merge


def _lock_both(source: Customer, target: Customer) -> tuple[Customer, Customer]:
    """Both records, locked in one order for everybody so that two merges cannot wait for each other."""
    rows = Customer.objects.select_for_update(of=("self",)).filter(pk__in=[source.pk, target.pk]).order_by("pk")
    by_pk = {row.pk: row for row in rows}
    return by_pk[source.pk], by_pk[target.pk]


def _guard(source: Customer, target: Customer) -> None:
    if source.pk == target.pk:
        raise field_error("into", _("不能把客户与自己合并。"), code="same_record")
    for row in (source, target):
        if row.merged_into_id is not None:
            raise Conflict(_("%(name)s已合并到其他客户。") % {"name": row}, code="already_merged")
    if conflicts := _verified_conflicts(source, target):
        labels = listed(conflicts)
        raise Conflict(
            _("两位客户的已验证信息不同（%(labels)s），不能合并。") % {"labels": labels}, code="verified_conflict"
        )


def _verified_conflicts(source: Customer, target: Customer) -> list[str]:
    found = []
    for field, label in (("phone", _("手机号")), ("email", _("邮箱"))):
        both = all(getattr(row, f"{field}_verified_at") for row in (source, target))
        if both and getattr(source, field) != getattr(target, field):
            found.append(label)
    ours, theirs = (
        dict(row.identities.filter(is_verified=True).values_list("platform", "external_id")) for row in (source, target)
    )
    return found + sorted(p for p in ours.keys() & theirs.keys() if ours[p] != theirs[p])


def _kept(source: Customer, target: Customer, choices: Mapping[str, str]) -> dict[str, str]:
    for field, whose in choices.items():
        if field not in CHOOSABLE_FIELDS or whose not in (SOURCE, TARGET):
            raise InvalidInput(
                _("不能这样选择：%(field)s。") % {"field": field}, fields={"choices": [_("字段或取值无效。")]}
            )
    kept = {}
    for field in MERGED_FIELDS:
        fills = bool(getattr(source, field)) and not getattr(target, field)
        upgrades = field in ("phone", "email") and _is_verified_twin(source, target, field)
        kept[field] = choices.get(field) or (SOURCE if fills or upgrades else TARGET)
    kept[CONTACT_WISH] = _said_last(source, target) or kept[CONTACT_WISH]
    return kept


def _said_last(source: Customer, target: Customer) -> str:
    """Whose record holds the newest statement about contact; empty when neither holds any."""
    said = {
        SOURCE: ledger.newest(source, ConsentPurpose.CONTACT),
        TARGET: ledger.newest(target, ConsentPurpose.CONTACT),
    }
    moments = {whose: (record.at, record.pk) for whose, record in said.items() if record is not None}
    return max(moments, key=lambda whose: moments[whose], default="")


def _is_verified_twin(source: Customer, target: Customer, field: str) -> bool:
    """The same value, verified only at the source: its verification must not be lost."""
    same = getattr(source, field) == getattr(target, field) != ""
    return same and getattr(source, f"{field}_verified_at") is not None and not getattr(target, f"{field}_verified_at")


def _masked(field: str, value: Any) -> Any:
    if field in PERSONAL_FIELDS:
        return PERSONAL_FIELDS[field](value) if value else ""
    return value


def _move_rows(source: Customer, target: Customer) -> dict[str, list[int]]:
    moved = {}
    for label, model, field in merging.links():
        rows = model._base_manager.filter(**{field: source})
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        _point(model, field, ids, target)
        moved[f"{label}.{field}"] = ids
    return moved


def _point(model: type[Model], field: str, ids: list[int], customer: Customer) -> None:
    if ids:
        model._base_manager.filter(pk__in=ids).update(**{field: customer})


def _move_tags(source: Customer, target: Customer) -> tuple[list[int], list[int]]:
    """Closed spells move as history; an open one moves unless the target's labels leave no room for it."""
    held = CustomerTag.objects.filter(customer=target, removed_at__isnull=True).select_related("tag__group")
    tags = {spell.tag_id for spell in held}
    exclusive = {spell.tag.group_id for spell in held if spell.tag.group_id and spell.tag.group.is_exclusive}
    moved, ended = [], []
    for spell in CustomerTag.objects.filter(customer=source).select_related("tag").order_by("pk"):
        is_open = spell.removed_at is None
        if is_open and (spell.tag_id in tags or spell.tag.group_id in exclusive):
            ended.append(spell.pk)
        moved.append(spell.pk)
    CustomerTag.objects.filter(pk__in=ended).update(removed_at=now())
    _point(CustomerTag, "customer", moved, target)
    return moved, ended


def _return_rows(source: Customer, target: Customer, undo: dict[str, Any]) -> None:
    """Only rows that are still the target's return: what a person has moved on since stays there."""
    for label, model, field in merging.links():
        ids = undo["moved"].get(f"{label}.{field}", [])
        model._base_manager.filter(pk__in=ids, **{field: target}).update(**{field: source})
    CustomerTag.objects.filter(pk__in=undo["moved_tags"], customer=target).update(customer=source)
    CustomerTag.objects.filter(pk__in=undo["ended_tags"], customer=source).update(removed_at=None)


def _write(row: Customer, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    row.save(update_fields=[*columns(values), "revision", "updated_at"])


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _value(name: str, plain: Any) -> Any:
    is_moment = name.endswith(("_at", "_until")) and plain is not None
    return datetime.fromisoformat(plain) if is_moment else plain
