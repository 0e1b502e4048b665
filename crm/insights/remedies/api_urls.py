from django.urls import path

from crm.insights.remedies.api import AfterSalesReportView, RemedyReportView

urlpatterns = [
    path("remedy-report/", RemedyReportView.as_view(), name="remedy-report-api"),
    path("after-sales-report/", AfterSalesReportView.as_view(), name="after-sales-report-api"),
]
