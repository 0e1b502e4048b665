"""From an incident to a recall: the draft is proposed with what is known, and made once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, NotAllowed
from core.events import record_events
from customers.models import Recall
from customers.recall_choices import RecallRemedy, RecallStatus
from customers.recalls import running
from customers.services.validation import field_error
from tickets import events
from tickets.models import SafetyIncident

if TYPE_CHECKING:
    from crm.staff.models import User

DRAFTED = "safety.recall_drafted"


def proposal(incident: SafetyIncident) -> dict[str, Any]:
    """A recall as far as the incident tells it. Customers read the reason: it holds nothing about a person."""
    return {
        "title": (incident.product_name or incident.sku)[:100],
        "sku": incident.sku,
        "batches": [incident.batch] if incident.batch else [],
        "reason": _("已发生安全事故（%(harm)s），原因正在调查，请立即停止使用。")
        % {"harm": incident.get_harm_display()},
        "is_serious": incident.is_serious,
        "our_role": incident.our_role,
        "remedy": RecallRemedy.DISPOSE,
        "instructions": _("请立即停止使用并妥善保管商品和包装，等待我们联系。"),
        "discovered_at": incident.reported_at,
    }


def standing(incident: SafetyIncident) -> Recall | None:
    """A recall of this batch that is under way already, whatever it came of."""
    if not incident.batch:
        return None
    rows = Recall.objects.filter(sku=incident.sku, batches__contains=[incident.batch], is_drill=False)
    found: Recall | None = rows.exclude(status=RecallStatus.CLOSED).order_by("pk").first()
    return found


@transaction.atomic
def draft_recall(*, incident: SafetyIncident, actor: "User", values: Mapping[str, Any]) -> Recall:
    """The draft of a recall out of the proposal and `values` over it; a recall of the batch under way is taken.

    Raises Conflict "recall_drafted" the second time, InvalidInput naming `batches` while no batch is known.
    """
    if not actor.has_perm("customers.add_recall"):
        raise NotAllowed(_("您没有新建召回的权限。"))
    locked: SafetyIncident = (
        SafetyIncident.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=incident.pk)
    )
    if locked.recall_id is not None:
        raise Conflict(_("已按这次事故建立召回。"), code="recall_drafted", recall=locked.recall_id)
    wanted = {**proposal(locked), **values}
    if not wanted["batches"]:
        raise field_error("batches", _("请填写批次。"))
    made = standing(locked) or running.create_recall(actor=actor, values=wanted)
    locked.recall = made
    locked.save(update_fields=["recall"])
    record_events([events.ticket_event(DRAFTED, locked.ticket, actor, incident=locked.pk, recall=made.pk)])
    return made
