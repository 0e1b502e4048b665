from django.urls import path

from crm.insights import chat_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("home/now/", views.home_now, name="home_now"),
    path("reports/", views.report_list, name="report_list"),
    path("reports/times/", views.report_times, name="report_times"),
    path("reports/chat/", chat_views.report_chat, name="report_chat"),
    path("reports/platforms/", views.report_platforms, name="report_platforms"),
    path("reports/export/", views.report_export, name="report_export"),
    path("reports/rows/<slug:metric>/", views.report_rows, name="report_rows"),
]
