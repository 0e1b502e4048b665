"""Filters of visits and surveys."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.text import row_id
from crm.followups.choices import VisitStatus
from crm.followups.models import FollowUpVisit, SurveyInvitation
from tickets.models import Ticket

_NUMBER_LENGTH = 14


def ticket_condition(value: str) -> Q | None:
    """The ticket meant by an id or a number; None for anything that can be neither."""
    pk = row_id(value)
    if pk is None:
        return None
    return Q(number=value) if len(value) == _NUMBER_LENGTH else Q(pk=pk)


class TicketField(django_filters.fields.forms.CharField):
    """A ticket by id or number, among those the caller may see."""

    default_error_messages = {"invalid": _("请填写工单的 id 或工单号。")}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        condition = ticket_condition(text)
        if condition is None:
            raise django_filters.fields.forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return condition


class TicketFilter(django_filters.Filter):
    """Rows of one ticket. A ticket one may not see gives an empty list, like one that does not exist."""

    field_class = TicketField

    def filter(self, qs: Any, value: Q | None) -> Any:
        return qs if value is None else qs.filter(ticket__in=Ticket.objects.filter(value))


class VisitFilter(django_filters.FilterSet):
    ticket = TicketFilter()
    due_before = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    status = django_filters.ChoiceFilter(choices=VisitStatus.choices)
    assignee = django_filters.NumberFilter(field_name="assignee_id", min_value=1, max_value=2**63 - 1, decimal_places=0)
    customer = django_filters.NumberFilter(field_name="customer_id", min_value=1, max_value=2**63 - 1, decimal_places=0)

    class Meta:
        model = FollowUpVisit
        fields: list[str] = []


class SurveyFilter(django_filters.FilterSet):
    ticket = TicketFilter()

    class Meta:
        model = SurveyInvitation
        fields: list[str] = []
