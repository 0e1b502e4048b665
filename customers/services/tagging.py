"""Labels given and taken by hand, and their expiry."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import timers
from core.clock import now
from core.errors import NotFound
from core.language import mask_numbers
from core.timers import TimerSpec
from customers import events
from customers.choices import TagKind
from customers.models import Customer, CustomerTag, Tag
from customers.services.profiles import lock_standing
from customers.services.validation import clean_line, field_error

EXPIRY_TIMER = "customer_tag.expiry"


def add_tag(
    *, customer: Customer, tag: Tag, actor: Any, reason: str = "", expires_at: datetime | None = None
) -> CustomerTag:
    """Give a label. In an exclusive group it replaces the label the customer has; adding it again moves its expiry.

    Raises InvalidInput for a rule tag, a retired tag, or an expiry that has passed.
    """
    if tag.kind == TagKind.RULE:
        raise field_error("tag", _("“%(tag)s”是规则标签，由规则维护，不能手工添加。") % {"tag": tag.name})
    if not tag.is_active:
        raise field_error("tag", _("标签“%(tag)s”已停用。") % {"tag": tag.name})
    moment = now()
    if expires_at is not None and expires_at <= moment:
        raise field_error("expires_at", _("到期时间须晚于现在。"))
    cleaned = mask_numbers(clean_line(reason, field="reason", limit=200))
    with transaction.atomic():
        row = lock_standing(customer.pk)
        held = {spell.tag_id: spell for spell in _open_spells(row, tag)}
        spell = held.pop(tag.pk, None)
        if spell is not None and _has_expired(spell, moment):
            _end(spell, at=spell.expires_at)
            events.record_customer_event(events.TAG_EXPIRED, row.pk, None, tag=tag.name)
            spell = None
        for other in held.values():
            _replace(row, other, tag, moment, actor)
        if spell is not None:
            return _move_expiry(spell, expires_at, cleaned, actor)
        spell = CustomerTag.objects.create(
            customer=row, tag=tag, added_by=actor, reason=cleaned, added_at=moment, expires_at=expires_at
        )
        _arm(spell)
        events.record_customer_event(
            events.TAG_ADDED, row.pk, actor, tag=tag.name, reason=cleaned, expires_at=_text(expires_at)
        )
    return spell


def remove_tag(*, customer: Customer, tag: Tag, actor: Any, reason: str = "") -> None:
    """Take a label away. Raises NotFound when the customer does not carry it, InvalidInput for a rule tag."""
    if tag.kind == TagKind.RULE:
        raise field_error("tag", _("“%(tag)s”是规则标签，由规则维护，不能手工移除。") % {"tag": tag.name})
    cleaned = clean_line(reason, field="reason", limit=200)
    moment = now()
    with transaction.atomic():
        row = lock_standing(customer.pk)
        spell = CustomerTag.objects.active(moment=moment).filter(customer=row, tag=tag).first()
        if spell is None:
            raise NotFound(_("该客户没有标签“%(tag)s”。") % {"tag": tag.name})
        _end(spell, at=moment)
        events.record_customer_event(events.TAG_REMOVED, row.pk, actor, tag=tag.name, reason=cleaned)


def expire_tag(*, customer_tag_id: int) -> bool:
    """Close a spell whose time is up; False when it was closed or prolonged meanwhile.

    Filters left it out from the very moment of expiry; this only writes that down.
    """
    with transaction.atomic():
        spell = CustomerTag.objects.select_for_update(of=("self",)).select_related("tag").get(pk=customer_tag_id)
        if spell.removed_at is not None or not _has_expired(spell, now()):
            return False
        _end(spell, at=spell.expires_at)
        events.record_customer_event(events.TAG_EXPIRED, spell.customer_id, None, tag=spell.tag.name)
    return True


def _open_spells(customer: Customer, tag: Tag) -> list[CustomerTag]:
    """Spells not yet closed that this tag has to agree with: its own, and its group's when that is exclusive."""
    rows = CustomerTag.objects.filter(customer=customer, removed_at__isnull=True).select_related("tag")
    if tag.group is not None and tag.group.is_exclusive:
        return list(rows.filter(tag__group=tag.group))
    return list(rows.filter(tag=tag))


def _has_expired(spell: CustomerTag, moment: datetime) -> bool:
    return spell.expires_at is not None and spell.expires_at <= moment


def _replace(customer: Customer, old: CustomerTag, tag: Tag, moment: datetime, actor: Any) -> None:
    if _has_expired(old, moment):
        _end(old, at=old.expires_at)
        events.record_customer_event(events.TAG_EXPIRED, customer.pk, None, tag=old.tag.name)
        return
    _end(old, at=moment)
    events.record_customer_event(events.TAG_REPLACED, customer.pk, actor, old=old.tag.name, new=tag.name)


def _move_expiry(spell: CustomerTag, expires_at: datetime | None, reason: str, actor: Any) -> CustomerTag:
    if spell.expires_at == expires_at:
        return spell
    before = spell.expires_at
    spell.expires_at = expires_at
    spell.save(update_fields=["expires_at"])
    _arm(spell)
    events.record_customer_event(
        events.TAG_CHANGED,
        spell.customer_id,
        actor,
        tag=spell.tag.name,
        reason=reason,
        expires_at={"from": _text(before), "to": _text(expires_at)},
    )
    return spell


def _end(spell: CustomerTag, *, at: datetime | None) -> None:
    spell.removed_at = at
    spell.save(update_fields=["removed_at"])
    if spell.expires_at is not None:
        timers.cancel(subject_type="customer_tag", subject_id=spell.pk)


def _arm(spell: CustomerTag) -> None:
    if spell.expires_at is None:
        timers.cancel(subject_type="customer_tag", subject_id=spell.pk)
        return
    timers.arm(
        TimerSpec(
            key=f"customer_tag:{spell.pk}:expiry",
            kind=EXPIRY_TIMER,
            due_at=spell.expires_at,
            subject_type="customer_tag",
            subject_id=spell.pk,
            payload={},
        )
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
