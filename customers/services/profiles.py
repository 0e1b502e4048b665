"""Make and change a customer's record by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import Conflict, InvalidInput
from core.language import mask_numbers
from core.privacy.masks import mask_address, mask_email, mask_phone
from core.privacy.services import reveal
from core.text import has_forbidden_characters
from customers import events
from customers.models import Customer
from customers.services import ledger
from customers.services.identification import Signs, add_identities, clean_signs, columns, find_holders, lock_signs
from customers.services.validation import (
    MAX_NAME,
    clean_email,
    clean_external_ids,
    clean_line,
    clean_phone,
    field_error,
)

PERSONAL_FIELDS = {"phone": mask_phone, "email": mask_email, "address": mask_address}
REVEALABLE_FIELDS = ("phone", "email", "address")
MAX_ADDRESS = 300
MAX_NOTES = 5000
MAX_PREFERENCES = 50


class CustomerChanges(TypedDict, total=False):
    """What may be changed by hand; absent means "leave as it is"."""

    name: str
    phone: str
    email: str
    address: str
    important: bool
    important_until: datetime | None
    do_not_contact: bool
    do_not_contact_reason: str
    notes: str
    preferences: dict[str, Any]
    level: str


def create_customer(
    *,
    actor: Any,
    changes: CustomerChanges,
    external_ids: Mapping[str, str] | None = None,
    allow_duplicate: bool = False,
) -> Customer:
    """Make a record by hand.

    Raises Conflict "duplicate_customer" with the existing record's id when phone, e-mail or account
    is taken; `allow_duplicate` lets two people share a phone or e-mail, never an account.
    """
    values = _clean(changes, customer=None)
    signs = clean_signs(
        name=values.get("name"), phone=values.get("phone"), email=values.get("email"), external_ids=external_ids
    )
    if not (signs.name or signs.lock_words()):
        raise InvalidInput(_("请至少填写姓名、手机号、邮箱或平台账号中的一项。"), fields={"name": [_("必填其一。")]})
    with transaction.atomic():
        lock_signs(signs)
        _refuse_duplicate(signs, actor=actor, customer=None, allow_shared_contact=allow_duplicate)
        customer = Customer.objects.create(**values)
        add_identities(customer=customer, external_ids=signs.external_ids, verified=False, actor=actor)
        events.record_customer_event(events.CREATED, customer.pk, actor, platforms=sorted(signs.external_ids))
        if customer.do_not_contact_at is not None:
            ledger.append_contact_wish(customer, actor)
    return customer


def update_customer(
    *,
    customer: Customer,
    actor: Any,
    changes: CustomerChanges,
    revision: int | None = None,
    allow_duplicate: bool = False,
) -> Customer:
    """Change a record. A new phone or e-mail is unverified.

    `revision` is the one the editor saw: when the record has moved on since, Conflict "edit_conflict"
    tells what differs. Raises Conflict "duplicate_customer" as `create_customer` does.
    """
    with transaction.atomic():
        row = lock_standing(customer.pk)
        values = _changed(row, _clean(changes, customer=row))
        if revision is not None and revision != row.revision:
            raise _edit_conflict(row, values)
        if not values:
            return row
        signs = Signs(phone=values.get("phone", ""), email=values.get("email", ""))
        lock_signs(signs)
        _refuse_duplicate(signs, actor=actor, customer=row, allow_shared_contact=allow_duplicate)
        before = {name: _shown(name, getattr(row, name)) for name in values}
        for name, value in values.items():
            setattr(row, name, value)
        row.revision += 1
        row.save(update_fields=[*columns(values), "revision", "updated_at"])
        moved = {name: {"from": before[name], "to": _shown(name, value)} for name, value in values.items()}
        events.record_customer_event(events.UPDATED, row.pk, actor, changes=moved)
        if "do_not_contact_at" in values:
            ledger.append_contact_wish(row, actor)
    return row


def add_identity(*, customer: Customer, platform: str, external_id: str, actor: Any, verified: bool = False) -> None:
    """Note a platform account. Raises Conflict "duplicate_customer" when it is another customer's."""
    signs = Signs(external_ids=clean_external_ids({platform: external_id}))
    if not signs.external_ids:
        raise field_error("external_id", _("请填写平台和账号。"))
    with transaction.atomic():
        row = lock_standing(customer.pk)
        lock_signs(signs)
        holders = find_holders(signs)
        if row in holders.by_account:
            return
        _refuse_duplicate(signs, actor=actor, customer=row, allow_shared_contact=False)
        add_identities(customer=row, external_ids=signs.external_ids, verified=verified, actor=actor)
        events.record_customer_event(events.IDENTITY_ADDED, row.pk, actor, platforms=sorted(signs.external_ids))


def verify_phone(*, customer: Customer, actor: Any) -> Customer:
    """Note that the phone is known to be the customer's own."""
    return _verify(customer, "phone", events.PHONE_VERIFIED, actor)


def verify_email(*, customer: Customer, actor: Any) -> Customer:
    """Note that the e-mail is known to be the customer's own."""
    return _verify(customer, "email", events.EMAIL_VERIFIED, actor)


def reveal_customer(*, customer: Customer, field: str, reason: str, actor: Any) -> str:
    """The whole value of one personal field, noted with the reason. Raises NotAllowed or InvalidInput."""
    return reveal(instance=customer, field=field, actor=actor, reason=reason)


def lock_standing(customer_id: int) -> Customer:
    """The record, locked; Conflict when it was merged into another meanwhile."""
    row: Customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
    if row.merged_into_id is not None:
        raise Conflict(
            _("该客户已合并到其他客户，请在合并后的客户上操作。"), code="merged", merged_into=row.merged_into_id
        )
    return row


def _verify(customer: Customer, field: str, kind: str, actor: Any) -> Customer:
    with transaction.atomic():
        row = lock_standing(customer.pk)
        if not getattr(row, field):
            raise field_error(field, _("还没有填写，不能标记为已验证。"))
        if getattr(row, f"{field}_verified_at") is None:
            setattr(row, f"{field}_verified_at", now())
            row.save(update_fields=[f"{field}_verified_at", "updated_at"])
            events.record_customer_event(kind, row.pk, actor)
    return row


def _clean(changes: CustomerChanges, *, customer: Customer | None) -> dict[str, Any]:
    values: dict[str, Any] = dict(changes)
    if "name" in values:
        values["name"] = clean_line(values["name"], field="name", limit=MAX_NAME)
    if "phone" in values:
        values["phone"] = clean_phone(values["phone"])
    if "email" in values:
        values["email"] = clean_email(values["email"])
    for field, limit in {"address": MAX_ADDRESS, "level": 50, "do_not_contact_reason": 200}.items():
        if field in values:
            values[field] = clean_line(values[field], field=field, limit=limit)
    if "do_not_contact_reason" in values:
        values["do_not_contact_reason"] = mask_numbers(values["do_not_contact_reason"])
    if len(values.get("notes") or "") > MAX_NOTES or has_forbidden_characters(values.get("notes", ""), multiline=True):
        raise field_error("notes", _("备注不能超过 %(limit)s 个字符，也不能含控制字符。") % {"limit": MAX_NOTES})
    _check_preferences(values.get("preferences", {}))
    _check_importance(values, customer)
    return _with_contact_wish(values, customer)


def _check_preferences(preferences: Any) -> None:
    if not isinstance(preferences, dict) or len(preferences) > MAX_PREFERENCES:
        raise field_error("preferences", _("偏好应为不超过 %(limit)s 项的键值。") % {"limit": MAX_PREFERENCES})
    for key, value in preferences.items():
        if not isinstance(value, str | int | float | bool) or len(str(key)) > 50 or len(str(value)) > 200:
            raise field_error(
                "preferences", _("偏好的名称不超过 50 个字符，内容为不超过 200 个字符的文字、数字或是否。")
            )
        if mask_numbers(f"{key} {value}") != f"{key} {value}":
            raise field_error("preferences", _("偏好里不能有手机号、邮箱、证件号或银行卡号，请填写在备注中。"))


def _check_importance(values: dict[str, Any], customer: Customer | None) -> None:
    until = values.get("important_until")
    is_new = customer is None or until != customer.important_until
    if until is not None and is_new and until <= now():
        raise field_error("important_until", _("截止时间须晚于现在。"))
    if values.get("important") is False:
        values["important_until"] = None


def _with_contact_wish(values: dict[str, Any], customer: Customer | None) -> dict[str, Any]:
    """Turn the switch "do not contact" into the moment since when."""
    if "do_not_contact" in values:
        since = customer.do_not_contact_at if customer else None
        values["do_not_contact_at"] = (since or now()) if values.pop("do_not_contact") else None
        if values["do_not_contact_at"] is None:
            values["do_not_contact_reason"] = ""
    return values


def _changed(row: Customer, values: dict[str, Any]) -> dict[str, Any]:
    """Only what differs; a changed phone or e-mail loses its verification."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for field in ("phone", "email"):
        if field in changed:
            changed[f"{field}_verified_at"] = None
    if changed and row.is_anonymous and any(changed.get(name) for name in ("name", "phone", "email")):
        changed["is_anonymous"] = False
    return changed


def _shown(field: str, value: Any) -> Any:
    """A value as history may keep it: personal data masked, moments as text."""
    if field in PERSONAL_FIELDS:
        return PERSONAL_FIELDS[field](value) if value else ""
    return value.isoformat() if isinstance(value, datetime) else value


def _edit_conflict(row: Customer, values: dict[str, Any]) -> Conflict:
    current = {name: _shown(name, getattr(row, name)) for name in values}
    yours = {name: _shown(name, value) for name, value in values.items()}
    message = _("其他人刚刚修改了该客户，请核对后再保存。")
    return Conflict(message, code="edit_conflict", current=current, yours=yours, revision=row.revision)


def _refuse_duplicate(signs: Signs, *, actor: Any, customer: Customer | None, allow_shared_contact: bool) -> None:
    holders = find_holders(signs)
    shared = [] if allow_shared_contact else [("phone", holders.by_phone), ("email", holders.by_email)]
    for field, rows in [("external_ids", holders.by_account), *shared]:
        others = [row for row in rows if customer is None or row.pk != customer.pk]
        if others:
            raise duplicate(others[0], field=field, actor=actor)


def duplicate(existing: Customer, *, field: str, actor: Any) -> Conflict:
    """The answer "this is already somebody's"; names the record only to those who may see it."""
    if actor is None or Customer.objects.visible_to(actor).filter(pk=existing.pk).exists():
        sentence = _("已有客户使用该信息，可打开已有客户或合并。")
        return Conflict(sentence, code="duplicate_customer", fields={field: [sentence]}, existing=existing.pk)
    sentence = _("该信息已属于您看不到的客户，请联系主管处理。")
    return Conflict(sentence, code="duplicate_customer", fields={field: [sentence]}, existing=None)
