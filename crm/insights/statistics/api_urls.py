from django.urls import path

from crm.insights.statistics import api

urlpatterns = [
    path("handling-statistics/", api.HandlingView.as_view(), name="handling-statistics"),
    path("cause-statistics/", api.CauseView.as_view(), name="cause-statistics"),
    path("compensation-statistics/", api.CostView.as_view(), name="compensation-statistics"),
    path("return-statistics/", api.ReturnView.as_view(), name="return-statistics"),
    path("compensation-budgets/", api.BudgetView.as_view(), name="compensation-budgets"),
]
