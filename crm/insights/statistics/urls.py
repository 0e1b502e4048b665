from django.urls import path

from crm.insights.statistics import views

urlpatterns = [
    path("handling/", views.handling_report, name="handling_report"),
    path("handling/export/", views.handling_export, name="handling_export"),
    path("causes/", views.cause_page, name="cause_report"),
    path("causes/export/", views.cause_export, name="cause_export"),
    path("costs/", views.cost_report, name="cost_report"),
    path("costs/rows/", views.cost_rows, name="cost_rows"),
    path("costs/export/", views.cost_export, name="cost_export"),
    path("returns/", views.returns_report, name="returns_report"),
    path("returns/export/", views.returns_export, name="returns_export"),
]
