"""How visits and surveys look over HTTP."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import CleanCharField, MomentField
from core.api.serializers import StrictSerializer
from core.language import mask_text
from core.privacy import mask_name
from core.questionnaires.models import InvitationState
from crm.followups.choices import SkipReason, VisitOutcome, VisitStatus
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.followups.services import survey_url

NOTE = 2000
_LARGEST_ID = 2**63 - 1


class _PersonSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class VisitSerializer(serializers.Serializer):
    """回访。"""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField(allow_null=True)
    ticket_number = serializers.CharField(allow_null=True)
    customer = _PersonSerializer()
    plan = serializers.CharField(allow_null=True)
    assignee = _PersonSerializer(allow_null=True)
    status = serializers.ChoiceField(VisitStatus.choices)
    skip_reason = serializers.ChoiceField(SkipReason.choices, allow_blank=True)
    outcome = serializers.ChoiceField(VisitOutcome.choices, allow_null=True)
    note = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    follow_up_ticket = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: FollowUpVisit) -> dict[str, Any]:
        masked = self.context["request"].user.is_auditor
        name = instance.customer.name
        return super().to_representation(
            {
                "id": instance.pk,
                "ticket": instance.ticket_id,
                "ticket_number": instance.ticket.number if instance.ticket else None,
                "customer": {"id": instance.customer_id, "name": mask_name(name) if masked and name else name},
                "plan": instance.plan.key if instance.plan else None,
                "assignee": _person(instance.assignee),
                "status": instance.status,
                "skip_reason": instance.skip_reason,
                "outcome": instance.outcome or None,
                "note": mask_text(instance.note) if masked else instance.note,
                "attempts": instance.attempts,
                "due_at": instance.due_at,
                "done_at": instance.done_at,
                "follow_up_ticket": instance.follow_up_ticket_id,
                "created_at": instance.created_at,
            }
        )


def _person(user: Any) -> dict[str, Any] | None:
    return {"id": user.pk, "name": user.name} if user is not None else None


@extend_schema_field(OpenApiTypes.STR)
class TicketReferenceField(serializers.Field):
    """A ticket's id or number."""

    default_error_messages = {"invalid": _("请填写工单的 id 或工单号。")}

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("invalid")
        return str(data)


class VisitCreateSerializer(StrictSerializer):
    ticket = TicketReferenceField()
    due_at = MomentField()
    assignee = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, required=False, allow_null=True)
    note = CleanCharField(max_length=NOTE, multiline=True, required=False, allow_blank=True)


class VisitUpdateSerializer(StrictSerializer):
    due_at = MomentField(required=False)
    assignee = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, required=False, allow_null=True)
    note = CleanCharField(max_length=NOTE, multiline=True, required=False, allow_blank=True)


class VisitCompleteSerializer(StrictSerializer):
    outcome = serializers.ChoiceField(VisitOutcome.choices)
    note = CleanCharField(max_length=NOTE, multiline=True, required=False, allow_blank=True)


class SurveySerializer(serializers.Serializer):
    """满意度评价。url 是给客户的一次性链接。"""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    ticket_number = serializers.CharField()
    state = serializers.ChoiceField(InvitationState.choices)
    url = serializers.CharField(allow_null=True)
    score = serializers.IntegerField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField(allow_blank=True)
    assignee = _PersonSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: SurveyInvitation) -> dict[str, Any]:
        invitation = instance.invitation
        response = getattr(invitation, "response", None)
        written = response.written if response is not None else {}
        reasons = list(response.answers.get("reasons", [])) if response is not None else []
        if other := written.get("reasons_other"):
            reasons.append(other)
        comment = written.get("comment", "")
        if self.context["request"].user.is_auditor:
            reasons, comment = [mask_text(reason) for reason in reasons], mask_text(comment)
        return super().to_representation(
            {
                "id": instance.pk,
                "ticket": instance.ticket_id,
                "ticket_number": instance.ticket.number,
                "state": invitation.state,
                "url": survey_url(instance),
                "score": instance.score,
                "reasons": reasons,
                "comment": comment,
                "assignee": _person(instance.assignee),
                "created_at": invitation.created_at,
                "expires_at": invitation.expires_at,
                "answered_at": invitation.answered_at,
            }
        )
