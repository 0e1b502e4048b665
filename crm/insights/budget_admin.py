"""Budgets in the admin: set by the service, like everywhere."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.admin_bases import ReadOnlyAdmin, ServiceAdmin
from crm.insights.models import BudgetAlarm, CompensationBudget
from crm.insights.statistics.budgets import set_budget


class BudgetForm(forms.ModelForm):
    def clean_month(self) -> date:
        month: date = self.cleaned_data["month"]
        if not 2000 <= month.year <= 2100:
            raise forms.ValidationError(_("请选择 2000 到 2100 年间的月份。"))
        return month.replace(day=1)


@admin.register(CompensationBudget)
class CompensationBudgetAdmin(ServiceAdmin):
    form = BudgetForm
    list_display = ("month", "shop", "amount", "set_by", "updated_at")
    list_select_related = ("shop", "set_by")
    fields = ("month", "shop", "amount")

    def save_model(self, request: HttpRequest, obj: CompensationBudget, form: Any, change: bool) -> None:
        obj.pk = set_budget(actor=request.user, month=obj.month, amount=obj.amount, shop=obj.shop).pk  # type: ignore[arg-type]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("month", "shop") if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BudgetAlarm)
class BudgetAlarmAdmin(ReadOnlyAdmin):
    list_display = ("month", "shop", "percent", "spent", "amount", "at")
    list_select_related = ("shop",)
