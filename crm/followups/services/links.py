"""Where a customer answers."""

from django.conf import settings
from django.urls import reverse

from core.questionnaires.services import token_of
from crm.followups.models import SurveyInvitation


def survey_url(survey: SurveyInvitation) -> str | None:
    """The customer's link; None when the secret key has changed since the invitation."""
    token = token_of(survey.invitation)
    return settings.PUBLIC_URL + reverse("survey", args=[token]) if token else None
