from django.urls import path

from crm.insights.remedies import after_sales_views, views

urlpatterns = [
    path("remedies/", views.remedy_report, name="remedy_report"),
    path("remedies/export/", views.remedy_export, name="remedy_export"),
    path("outcomes/", views.outcome_list, name="outcome_list"),
    path("outcomes/export/", views.outcome_export, name="outcome_export"),
    path("outcomes/<int:pk>/case/", views.outcome_case, name="outcome_case"),
    path("after-sales/", after_sales_views.after_sales_report, name="after_sales_report"),
    path("after-sales/rows/", after_sales_views.after_sales_rows, name="after_sales_rows"),
    path("after-sales/export/", after_sales_views.after_sales_export, name="after_sales_export"),
    path("after-sales/improve/", after_sales_views.after_sales_improve, name="after_sales_improve"),
]
