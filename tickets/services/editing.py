"""Changing what a ticket says about itself, with the promises following."""

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import Conflict
from core.events import record_events
from tickets import events
from tickets.choices import Cause
from tickets.grading import guard
from tickets.models import Ticket, TicketTag
from tickets.readable import hide_numbers
from tickets.services import catalogue, routing, sla
from tickets.services.transitions import lock

if TYPE_CHECKING:
    from crm.staff.models import User

EDITABLE = ("subject", "priority", "type", "category", "causes", "product", "batch", "order_no")
#: A change of these may change what was promised.
PROMISE_FIELDS = {"priority", "type", "category", "shop", "product"}


@transaction.atomic
def edit(*, ticket: Ticket, actor: "User", changes: dict[str, Any], seen_at: Any = None) -> Ticket:
    """Apply `changes` (fields of `EDITABLE`, `shop` as a word, `tags` as a list of words).

    `seen_at` is the `updated_at` the editor looked at; when somebody else changed the same
    fields since, nothing is written and the differences are told (acceptance rule 7).
    """
    if "subject" in changes:
        changes = {**changes, "subject": hide_numbers(changes["subject"])}
    if "causes" in changes:
        changes = {**changes, "causes": [cause for cause in Cause.values if cause in changes["causes"]]}
    ticket = lock(ticket)
    routing.refuse_merged(ticket)
    if seen_at is not None and seen_at < ticket.updated_at:
        _refuse_stale(ticket, changes)
    if "priority" in changes and guard.holds_priority(ticket, changes["priority"]):
        sentence = str(_("工单已升级，降低优先级须申请降级并经批准。"))
        raise Conflict(sentence, code="needs_approval", fields={"priority": [sentence]})
    diff: dict[str, Any] = {}
    for name in EDITABLE:
        if name in changes and changes[name] != getattr(ticket, name):
            diff[name] = [getattr(ticket, name), changes[name]]
            setattr(ticket, name, changes[name])
    fields = list(diff)
    if "category" in diff:
        ticket.category_confidence, ticket.needs_human_triage = 1.0, False
        fields += ["category_confidence", "needs_human_triage"]
    if "shop" in changes:
        fields += _change_shop(ticket, changes["shop"] or "", diff)
    if "tags" in changes:
        _change_tags(ticket, changes["tags"], diff)
    if not diff:
        return ticket
    if PROMISE_FIELDS & set(diff):
        sla.reapply(ticket)
        fields += ["sla_policy", *sla.DUE_FIELDS]
    ticket.updated_at = clock.now()
    ticket.save(update_fields=[*fields, "updated_at"])
    record_events([events.ticket_event(events.UPDATED, ticket, actor, action="edit", changes=diff)])
    return ticket


def _refuse_stale(ticket: Ticket, changes: dict[str, Any]) -> None:
    differing = {
        name: [str(_("现值：%(value)s") % {"value": getattr(ticket, name)})]
        for name in EDITABLE
        if name in changes and changes[name] != getattr(ticket, name)
    }
    if differing:
        raise Conflict(str(_("该记录已被他人修改，请核对差异后重试。")), code="stale", fields=differing)


def _change_shop(ticket: Ticket, word: str, diff: dict[str, Any]) -> list[str]:
    before = ticket.shop.key if ticket.shop else ticket.shop_given
    if word == before:
        return []
    ticket.shop, ticket.shop_given = catalogue.shop_for(word)
    diff["shop"] = [before, word]
    return ["shop", "shop_given"]


def _change_tags(ticket: Ticket, names: list[str], diff: dict[str, Any]) -> None:
    before = set(ticket.tags.values_list("name", flat=True))
    after = {name.strip() for name in names if name.strip()}
    if before == after:
        return
    ticket.tags.filter(name__in=before - after).delete()
    TicketTag.objects.bulk_create([TicketTag(ticket=ticket, name=name) for name in sorted(after - before)])
    diff["tags"] = [sorted(before), sorted(after)]
