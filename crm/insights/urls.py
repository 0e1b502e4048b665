from django.urls import include, path

from crm.insights import channel_views, chat_views, green_views, pyramid_views, views
from crm.insights.complaints import views as complaints
from crm.insights.improvements import views as improvements
from crm.insights.innovations import views as innovations

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
    path("complaints/analysis/", complaints.analysis, name="complaint_analysis"),
    path("complaints/analysis/act/", complaints.analysis_act, name="complaint_analysis_act"),
    *complaints.PAGES.urls(),
    *improvements.PAGES.urls(),
    path("reports/green/", green_views.green_report, name="green_report"),
    *innovations.PAGES.urls(),
    path("reports/", include("crm.insights.remedies.urls")),
    path("reports/pyramid/", pyramid_views.pyramid_report, name="pyramid_report"),
    path("reports/pyramid/export/", pyramid_views.pyramid_export, name="pyramid_export"),
    path("reports/pyramid/<slug:key>/", pyramid_views.pyramid_rows, name="pyramid_rows"),
    path("reports/", include("crm.insights.statistics.urls")),
    path("reports/rows/<slug:metric>/", views.report_rows, name="report_rows"),
]
