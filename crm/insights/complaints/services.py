"""Making records of clusters and points of risk."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, InvalidInput
from core.registers.services import Keeper, add_evidence, create_record, link_target
from crm.insights.choices import ProblemKind
from crm.insights.complaints import clusters, risks
from crm.insights.models import Problem
from tickets.models import Ticket

if TYPE_CHECKING:
    from crm.staff.models import User

MOST_TICKETS = 100


def create_problem(*, actor: "User", values: Mapping[str, Any]) -> Problem:
    """A record of its own. Raises Conflict while an open one of the same signature exists."""
    try:
        with transaction.atomic():
            return create_record(model=Problem, actor=actor, values=values)
    except IntegrityError:
        raise Conflict(_("这个问题已有未结束的问题单。"), code="already_open") from None


@transaction.atomic
def problem_of_cluster(*, actor: "User", product: str, batch: str, category: str) -> Problem:
    """The record of a cluster that stands now, with its complaints linked."""
    wanted = clusters.signature_of(product, batch, category)
    found = next((one for one in clusters.clusters_of(actor) if one.signature == wanted), None)
    if found is None:
        sentence = _("现在没有这一类集中的投诉。")
        raise InvalidInput(sentence, fields={"category": [sentence]})
    values = {
        "title": " · ".join(part for part in (found.product, found.batch, found.category) if part)[:200],
        "kind": ProblemKind.CLUSTER,
        "signature": wanted,
        "product": product,
        "batch": batch,
        "category": category,
    }
    problem = create_problem(actor=actor, values=values)
    told = _("近七天 %(n)d 件，前七天 %(before)d 件；常见词：%(terms)s；可能原因：%(cause)s") % {
        "n": found.count,
        "before": found.before,
        "terms": "、".join(found.terms) or "—",
        "cause": found.cause,
    }
    add_evidence(record=problem, actor=actor, text=told[:500])
    numbers = dict(Ticket.objects.filter(pk__in=found.tickets[:MOST_TICKETS]).values_list("pk", "number"))
    for pk, number in numbers.items():
        link_target(record=problem, actor=actor, target_type="ticket", target_id=pk, label=number)
    return problem


@transaction.atomic
def task_of_risk(*, actor: "User", dimension: str, value: str) -> Problem:
    """A preventive task for a point of risk that stands now; whoever makes it owns it until somebody else does."""
    wanted = risks.signature_of(dimension, value)
    found = next((one for one in risks.risk_points(actor) if one.signature == wanted), None)
    if found is None:
        sentence = _("现在没有这个风险点。")
        raise InvalidInput(sentence, fields={"value": [sentence]})
    values: dict[str, Any] = {
        "title": _("预防：%(what)s %(label)s") % {"what": found.dimension_label, "label": found.label},
        "kind": ProblemKind.PREVENTION,
        "signature": wanted,
        "owner": actor,
        "product": value if dimension == "product" else "",
        "category": value if dimension == "process" else "",
    }
    task = create_problem(actor=actor, values={**values, "title": values["title"][:200]})
    told = _("近七天 %(n)d 件，预期 %(expected).1f 件，p = %(p)s") % {
        "n": found.count,
        "expected": found.expected,
        "p": found.p_text,
    }
    add_evidence(record=task, actor=actor, text=told)
    return task


KEEPER = Keeper(create_problem)
