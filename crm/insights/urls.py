from django.urls import path

from crm.insights import channel_views, chat_views, pyramid_views, views
from crm.insights.improvements import views as improvements

urlpatterns = [
    path("", views.home, name="home"),
    path("home/now/", views.home_now, name="home_now"),
    path("reports/", views.report_list, name="report_list"),
    path("reports/times/", views.report_times, name="report_times"),
    path("reports/chat/", chat_views.report_chat, name="report_chat"),
    path("reports/platforms/", views.report_platforms, name="report_platforms"),
    path("reports/export/", views.report_export, name="report_export"),
    path("reports/channels/", channel_views.channel_report, name="channel_report"),
    path("reports/channels/export/", channel_views.channel_export, name="channel_export"),
    path("reports/channels/tolerance/", channel_views.channel_tolerance, name="channel_tolerance"),
    path("improvements/", improvements.improvement_list, name="improvement_list"),
    path("improvements/new/", improvements.improvement_new, name="improvement_new"),
    path("improvements/<int:pk>/", improvements.improvement_page, name="improvement"),
    path("improvements/<int:pk>/edit/", improvements.improvement_edit, name="improvement_edit"),
    path("reports/pyramid/", pyramid_views.pyramid_report, name="pyramid_report"),
    path("reports/pyramid/export/", pyramid_views.pyramid_export, name="pyramid_export"),
    path("reports/pyramid/<slug:key>/", pyramid_views.pyramid_rows, name="pyramid_rows"),
    path("reports/rows/<slug:metric>/", views.report_rows, name="report_rows"),
]
