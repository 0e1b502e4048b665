"""Who is writing? Find the customer by the surest sign given, or make one."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from core.clock import now
from core.events import Event
from customers import events
from customers.models import Customer, CustomerIdentity
from customers.normalisation import email_index, phone_index
from customers.services.validation import MAX_NAME, clean_email, clean_external_ids, clean_line, clean_phone


@dataclass(frozen=True)
class Signs:
    """What a message tells about its sender, in normal form."""

    name: str = ""
    phone: str = ""
    email: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)

    def lock_words(self) -> list[str]:
        """The signs that name one person, as words to lock on."""
        accounts = [f"account:{platform}:{external_id}" for platform, external_id in self.external_ids.items()]
        phone = [f"phone:{phone_index(self.phone)}"] if self.phone else []
        return accounts + phone + ([f"email:{email_index(self.email)}"] if self.email else [])


@dataclass(frozen=True)
class Holders:
    """Who holds which of the signs, in order of preference."""

    by_account: list[Customer]
    by_phone: list[Customer]
    by_email: list[Customer]
    identities: list[CustomerIdentity]

    def all(self) -> list[Customer]:
        return list(dict.fromkeys(self.by_account + self.by_phone + self.by_email))


def clean_signs(
    *, name: str | None, phone: str | None, email: str | None, external_ids: Mapping[str, str] | None
) -> Signs:
    """Normal forms of what was given. Raises InvalidInput naming the field at fault."""
    return Signs(
        name=clean_line(name, field="name", limit=MAX_NAME),
        phone=clean_phone(phone),
        email=clean_email(email),
        external_ids=clean_external_ids(external_ids),
    )


def resolve_customer(
    *,
    name: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    external_ids: Mapping[str, str] | None = None,
    verified: bool = False,
    actor: Any = None,
    channel: str | None = None,
) -> Customer:
    """The customer who is writing; made when nobody fits. At most two statements for a known one.

    A platform account is the surest sign, then the phone, then the e-mail. Where they point at
    different customers the surer sign wins, nothing is merged, and an event tells a person to look.
    `verified` says that the channel vouches for phone and e-mail. Given nothing, an anonymous
    customer is made. Raises InvalidInput for a phone or e-mail that cannot be one.
    """
    signs = clean_signs(name=name, phone=phone, email=email, external_ids=external_ids)
    holders = find_holders(signs)
    if _chosen(signs, holders) is None:
        return _make(signs, verified=verified, actor=actor, channel=channel)
    return _complete(signs, holders, verified=verified, actor=actor, channel=channel)


def possible_customer(*, phone: str, email: str, external_ids: Mapping[str, str]) -> Customer | None:
    """Whose message with these signs would be, without making or changing anybody. Raises as `resolve_customer`."""
    signs = clean_signs(name=None, phone=phone or None, email=email or None, external_ids=external_ids)
    return _chosen(signs, find_holders(signs))


def find_holders(signs: Signs) -> Holders:
    """Standing customers who hold any of the signs."""
    identities = _identities(signs)
    contact = Q()
    if signs.phone:
        contact |= Q(phone_index=phone_index(signs.phone))
    if signs.email:
        contact |= Q(email_index=email_index(signs.email))
    ids = {identity.customer_id for identity in identities}
    if not ids and not contact:
        return Holders([], [], [], [])
    rows = list(Customer.objects.filter(contact | Q(pk__in=ids)).select_related("merged_into").order_by("pk"))
    by_pk = {row.pk: row for row in rows}
    return Holders(
        by_account=_roots(by_pk[identity.customer_id] for identity in identities if identity.customer_id in by_pk),
        by_phone=_roots(sorted((r for r in rows if signs.phone and r.phone == signs.phone), key=_phone_first)),
        by_email=_roots(sorted((r for r in rows if signs.email and r.email == signs.email), key=_email_first)),
        identities=identities,
    )


def lock_signs(signs: Signs) -> None:
    """Until this transaction ends nobody else makes a customer with any of these signs.

    Phones may legally be shared by two records, so no unique constraint can do this.
    """
    keys = sorted(_lock_number(key) for key in signs.lock_words())
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def add_identities(
    *, customer: Customer, external_ids: Mapping[str, str], verified: bool, actor: Any
) -> list[CustomerIdentity]:
    """Note platform accounts of the customer. The caller holds the lock of `lock_signs`."""
    if not external_ids:
        return []
    return CustomerIdentity.objects.bulk_create(
        [
            CustomerIdentity(
                customer=customer, platform=platform, external_id=external_id, is_verified=verified, added_by=actor
            )
            for platform, external_id in external_ids.items()
        ]
    )


def _identities(signs: Signs) -> list[CustomerIdentity]:
    if not signs.external_ids:
        return []
    wanted = Q()
    for platform, external_id in signs.external_ids.items():
        wanted |= Q(platform=platform, external_id=external_id)
    order = list(signs.external_ids)
    return sorted(CustomerIdentity.objects.filter(wanted), key=lambda identity: order.index(identity.platform))


def _roots(rows: Iterable[Customer]) -> list[Customer]:
    """The records that stand for these, each once, in the given order."""
    found = []
    for row in rows:
        standing = row
        while standing.merged_into is not None:
            standing = standing.merged_into
        found.append(standing)
    return list(dict.fromkeys(found))


def _phone_first(row: Customer) -> tuple[bool, int]:
    return row.phone_verified_at is None, row.pk


def _email_first(row: Customer) -> tuple[bool, int]:
    return row.email_verified_at is None, row.pk


def _chosen(signs: Signs, holders: Holders) -> Customer | None:
    """Whose message this is; None when the signs are nobody's yet."""
    if holders.by_account:
        return holders.by_account[0]
    for candidate in [*holders.by_phone[:1], *holders.by_email[:1]]:
        if not _has_other_account(candidate, signs):
            return candidate
    return None


def _has_other_account(candidate: Customer, signs: Signs) -> bool:
    """Whether the record already has another account on one of these platforms.

    Two accounts behind one phone may be two people of a household: not ours to merge.
    """
    if not signs.external_ids:
        return False
    platforms = set(signs.external_ids)
    return CustomerIdentity.objects.filter(customer=candidate, platform__in=platforms).exists()


def _make(signs: Signs, *, verified: bool, actor: Any, channel: str | None) -> Customer:
    with transaction.atomic(savepoint=False):
        holders = Holders([], [], [], [])
        if signs.lock_words():
            lock_signs(signs)
            holders = find_holders(signs)
            if _chosen(signs, holders) is not None:
                return _complete(signs, holders, verified=verified, actor=actor, channel=channel)
        moment = now()
        customer = Customer.objects.create(
            name=signs.name,
            phone=signs.phone,
            phone_verified_at=moment if verified and signs.phone else None,
            email=signs.email,
            email_verified_at=moment if verified and signs.email else None,
            is_anonymous=not (signs.name or signs.lock_words()),
        )
        add_identities(customer=customer, external_ids=signs.external_ids, verified=verified, actor=actor)
        events.record_customer_event(
            events.CREATED, customer.pk, actor, channel=channel, platforms=sorted(signs.external_ids)
        )
        _note_conflicts(customer, signs, holders, actor)
        return customer


def _complete(signs: Signs, holders: Holders, *, verified: bool, actor: Any, channel: str | None) -> Customer:
    """Fill what the record lacks; never overwrite what it has."""
    customer = _chosen(signs, holders)
    assert customer is not None  # the caller has looked
    missing = _missing(customer, signs, holders, verified=verified)
    known = {identity.platform for identity in holders.identities}
    accounts = {p: external_id for p, external_id in signs.external_ids.items() if p not in known}
    conflicted = [other for other in holders.all() if other != customer]
    if not missing and not accounts and not conflicted:
        return customer
    with transaction.atomic(savepoint=False):
        if accounts:
            lock_signs(signs)
            taken = {identity.platform for identity in _identities(signs)}
            accounts = {p: external_id for p, external_id in accounts.items() if p not in taken}
            add_identities(customer=customer, external_ids=accounts, verified=verified, actor=actor)
        if missing:
            for name, value in missing.items():
                setattr(customer, name, value)
            customer.revision += 1
            customer.save(update_fields=[*columns(missing), "revision", "updated_at"])
        if missing or accounts:
            changed = sorted(name for name in missing if name in {"name", "phone", "email"})
            events.record_customer_event(
                events.UPDATED, customer.pk, actor, fields=changed, platforms=sorted(accounts), channel=channel
            )
        _note_conflicts(customer, signs, holders, actor)
    return customer


def _missing(customer: Customer, signs: Signs, holders: Holders, *, verified: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if signs.name and not customer.name:
        found["name"] = signs.name
    if signs.phone and not customer.phone and not holders.by_phone:
        found["phone"] = signs.phone
    if signs.email and not customer.email and not holders.by_email:
        found["email"] = signs.email
    if verified:
        for sign, given in (("phone", signs.phone), ("email", signs.email)):
            is_theirs = given and found.get(sign, getattr(customer, sign)) == given
            if is_theirs and getattr(customer, f"{sign}_verified_at") is None:
                found[f"{sign}_verified_at"] = now()
    if customer.is_anonymous and found:
        found["is_anonymous"] = False
    return found


def columns(fields: Iterable[str]) -> list[str]:
    """The columns that are written with these fields: the name brings its search columns along."""
    return [
        column for name in fields for column in ([name, "name_initials", "name_grams"] if name == "name" else [name])
    ]


def _note_conflicts(customer: Customer, signs: Signs, holders: Holders, actor: Any) -> None:
    """Tell once that another record holds one of the signs, so that a person may merge them."""
    by = {"account": holders.by_account, "phone": holders.by_phone, "email": holders.by_email}
    for sign, rows in by.items():
        for other in rows:
            if other == customer or _told(customer, other):
                continue
            events.record_customer_event(events.IDENTITY_CONFLICT, customer.pk, actor, other=other.pk, by=sign)


def _told(customer: Customer, other: Customer) -> bool:
    return Event.objects.filter(
        subject_type="customer", subject_id=customer.pk, kind=events.IDENTITY_CONFLICT, payload__other=other.pk
    ).exists()


def _lock_number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
