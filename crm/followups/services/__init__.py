"""Writing surveys and visits."""

from crm.followups.services.delivery import open_survey_of
from crm.followups.services.links import survey_url
from crm.followups.services.planning import plan_after_close, plan_after_signing, plan_quarterly
from crm.followups.services.surveys import answer_survey, cancel_surveys, invite_for_solved_ticket
from crm.followups.services.visits import (
    cancel_visits_of_ticket,
    change_visit,
    complete_visit,
    plan_visit,
    visit_became_due,
)

__all__ = [
    "answer_survey",
    "cancel_surveys",
    "cancel_visits_of_ticket",
    "change_visit",
    "complete_visit",
    "invite_for_solved_ticket",
    "open_survey_of",
    "plan_after_close",
    "plan_after_signing",
    "plan_quarterly",
    "plan_visit",
    "survey_url",
    "visit_became_due",
]
