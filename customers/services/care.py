"""Noting what a customer likes and what not to say to them."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import now
from core.errors import Conflict, NotAllowed
from customers import events
from customers.choices import CareKind
from customers.models import CareNote, Customer
from customers.services.profiles import lock_standing
from customers.services.validation import clean_line, field_error

MAX_TEXT = 300
#: More would be read by nobody.
MOST = 50


def care_notes_of(customer: Customer) -> list[CareNote]:
    """What holds now, the oldest first. Nothing is made up: no note, no line."""
    return list(CareNote.objects.filter(customer=customer, ended_at=None).select_related("author")[:MOST])


@transaction.atomic
def add_care_note(*, customer: Customer, actor: Any, kind: str, text: str) -> CareNote:
    """Note one thing. Raises InvalidInput naming kind or text, Conflict when there are too many."""
    _guard(actor)
    if kind not in CareKind.values:
        raise field_error("kind", _("请选择偏好或忌讳。"))
    cleaned = clean_line(text, field="text", limit=MAX_TEXT)
    if not cleaned:
        raise field_error("text", _("请填写内容。"))
    customer = lock_standing(customer.pk)
    if CareNote.objects.filter(customer=customer, ended_at=None).count() >= MOST:
        raise Conflict(_("服务提示已有 %(n)d 条，请先清理。") % {"n": MOST}, code="too_many")
    note = CareNote.objects.create(customer=customer, kind=kind, text=cleaned, author=actor, created_at=now())
    events.record_customer_event(events.CARE_NOTED, customer.pk, actor, note=note.pk, note_kind=kind)
    return note


@transaction.atomic
def end_care_note(*, note: CareNote, actor: Any) -> CareNote:
    """It does not hold any more; the row stays with who ended it and when."""
    _guard(actor)
    note = CareNote.objects.select_for_update().get(pk=note.pk)
    if note.ended_at is not None:
        raise Conflict(_("这条服务提示已失效。"), code="ended")
    note.ended_at, note.ended_by = now(), actor
    note.save(update_fields=["ended_at", "ended_by"])
    events.record_customer_event(events.CARE_ENDED, note.customer_id, actor, note=note.pk, note_kind=note.kind)
    return note


def _guard(actor: Any) -> None:
    if not actor.has_perm("customers.change_customer"):
        raise NotAllowed(_("您没有修改客户资料的权限。"))
