"""Sampling rules are set here; samples are checked on /quality/."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from core.conditions import parse
from crm.performance import services
from crm.performance.models import QualitySample, SamplingCount, SamplingRule
from tickets.admin import ConditionForm
from tickets.services.facts import TICKET_FIELDS


@admin.register(SamplingRule)
class SamplingRuleAdmin(ServiceAdmin):
    form = ConditionForm
    list_display = ("position", "name", "reads_as", "rate", "is_active")
    list_display_links = ("name",)
    fields = ("name", "position", "condition", "rate", "is_active")

    @admin.display(description=_("条件"))
    def reads_as(self, rule: SamplingRule) -> str:
        return parse(rule.condition, TICKET_FIELDS).sentence()

    def save_model(self, request: HttpRequest, obj: SamplingRule, form: Any, change: bool) -> None:
        services.save_rule(rule=obj, actor=request.user, values={})  # type: ignore[arg-type]


@admin.register(SamplingCount)
class SamplingCountAdmin(ReadOnlyAdmin):
    list_display = ("rule", "day", "closed", "drawn")
    list_filter = ("rule",)
    list_select_related = ("rule",)


@admin.register(QualitySample)
class QualitySampleAdmin(ReadOnlyAdmin):
    list_display = ("ticket", "rule", "person", "state", "score", "checker", "drawn_at")
    list_filter = ("state", "rule")
    list_select_related = ("ticket", "rule", "person", "checker")
    ordering = ("-id",)
