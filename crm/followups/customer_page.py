"""What lower floors learn of surveys and visits: merging, the customer's page, who is dissatisfied."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import clock
from crm.followups.models import FollowUpVisit, SurveyInvitation
from customers import concerns, merging, profile
from customers.models import Customer, CustomerSettings

PANEL_ROWS = 10


def register() -> None:
    """Tell the lower floors, once at start-up."""
    merging.register("followups.FollowUpVisit", "customer")
    merging.register("followups.SurveyInvitation", "customer")
    concerns.register(concerns.LOW_SCORE, dissatisfied)
    profile.register_panel(
        "evaluations", evaluations, "followups/panels/evaluations.html", title=_("评价与回访"), position=30
    )


def evaluations(customer: Customer, user: Any) -> dict[str, Any]:
    """The newest answers and visits that the user may see."""
    surveys = SurveyInvitation.objects.visible_to(user).answered().filter(customer=customer)
    visits = FollowUpVisit.objects.visible_to(user).filter(customer=customer)
    return {
        "surveys": list(surveys.select_related("ticket").order_by("-answered_at", "-pk")[:PANEL_ROWS]),
        "visits": list(visits.select_related("ticket", "assignee").order_by("-due_at", "-pk")[:PANEL_ROWS]),
    }


def dissatisfied(customer_ids: Collection[int]) -> set[int]:
    """Those among the customers who gave a low score within the days that the settings name."""
    current = CustomerSettings.current()
    since = clock.now() - timedelta(days=current.low_score_days)
    answers = SurveyInvitation.objects.filter(
        customer__in=customer_ids, answered_at__gte=since, score__lte=current.low_score
    )
    return set(answers.values_list("customer_id", flat=True))
