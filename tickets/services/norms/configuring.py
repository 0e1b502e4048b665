"""Setting norms, and trying one before it is saved."""

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.conditions import parse
from core.errors import Conflict, InvalidInput
from core.events import record_event
from core.wording import parts
from tickets.choices import STAGE_OF_METRIC, NormStage
from tickets.models import StageNorm, Ticket, TicketMessage
from tickets.models.norm import CLOCKED_STAGES
from tickets.services import catalogue
from tickets.services.facts import TICKET_FIELDS, TicketFacts
from tickets.services.norms.facts import NORM_FIELDS, StageFacts

if TYPE_CHECKING:
    from crm.staff.models import User

PREVIEW_ROWS = 200
TIME_IS_SET_ELSEWHERE = lazy("受理与处理的目标时间在时效策略里设置，这里请留空。")
#: The column that says when a stage ended.
ENDED_AT = {
    NormStage.ACCEPTED: "first_responded_at",
    NormStage.HANDLED: "solved_at",
    NormStage.FEEDBACK: "feedback_at",
    NormStage.EVALUATED: "closed_at",
}


@transaction.atomic
def save_norm(*, norm: StageNorm | None, actor: "User | None", values: dict[str, Any]) -> StageNorm:
    """Make or change a norm. It judges stages that end from now on; what was found stays."""
    norm = norm or StageNorm()
    for name, value in values.items():
        setattr(norm, name, value)
    if norm.seconds is not None and norm.stage in CLOCKED_STAGES:
        sentence = str(TIME_IS_SET_ELSEWHERE)
        raise InvalidInput(sentence, fields={"seconds": [sentence]})
    parse(norm.scope, TICKET_FIELDS)
    parse(norm.requirement, NORM_FIELDS)
    try:
        with transaction.atomic():
            norm.save()
    except IntegrityError as error:
        raise Conflict(_("已有相同的记录。"), code="duplicate", fields={"name": [_("该值已被占用。")]}) from error
    data = {
        "stage": norm.stage,
        "name": norm.name,
        "scope": norm.scope,
        "requirement": norm.requirement,
        "seconds": norm.seconds,
        "active": norm.is_active,
    }
    record_event(kind="stage_norm.saved", subject_type="stagenorm", subject_id=norm.pk, actor=actor, payload=data)
    return norm


def targets_of(stage: str) -> list[dict[str, Any]]:
    """The target times of a stage as the SLA policies in force state them."""
    metrics = {str(metric) for metric, owner in STAGE_OF_METRIC.items() if owner == stage}
    return [
        {"policy": policy.name, "priority": priority, "metric": target.metric, "seconds": target.seconds}
        for policy in catalogue.policies()
        for priority, targets in policy.targets.items()
        for target in targets
        if target.metric in metrics
    ]


def preview(*, stage: str, scope: dict[str, Any], requirement: dict[str, Any], user: "User") -> dict[str, Any]:
    """What a norm would have found among the newest tickets in sight that ended the stage."""
    wanted, asked = parse(scope, TICKET_FIELDS), parse(requirement, NORM_FIELDS)
    ended = ENDED_AT[NormStage(stage)]
    rows = (
        Ticket.objects.visible_to(user)
        .filter(**{f"{ended}__isnull": False})
        .select_related("channel", "shop", "queue", "customer")
        .prefetch_related(Prefetch("messages", TicketMessage.objects.order_by("created_at", "id")))
        .defer("search")
        .order_by("-created_at", "-pk")[:PREVIEW_ROWS]
    )
    looked_at, found = 0, []
    for ticket in rows:
        if not wanted.matches(TicketFacts(ticket)):
            continue
        looked_at += 1
        unmet = asked.unmet(StageFacts(ticket, stage, getattr(ticket, ended)))
        if unmet:
            found.append({"number": ticket.number, "reason": parts(unmet)})
    return {"sentence": asked.sentence(), "breaches": len(found), "looked_at": looked_at, "examples": found[:10]}
