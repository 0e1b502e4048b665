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
    path("problems/", complaints.problem_list, name="problem_list"),
    path("problems/new/", complaints.problem_new, name="problem_new"),
    path("problems/<int:pk>/", complaints.problem_page, name="problem"),
    path("problems/<int:pk>/edit/", complaints.problem_edit, name="problem_edit"),
    path("improvements/", improvements.improvement_list, name="improvement_list"),
    path("improvements/new/", improvements.improvement_new, name="improvement_new"),
    path("improvements/<int:pk>/", improvements.improvement_page, name="improvement"),
    path("improvements/<int:pk>/edit/", improvements.improvement_edit, name="improvement_edit"),
    path("reports/green/", green_views.green_report, name="green_report"),
    path("innovations/", innovations.innovation_list, name="innovation_list"),
    path("innovations/new/", innovations.innovation_new, name="innovation_new"),
    path("innovations/<int:pk>/", innovations.innovation_page, name="innovation"),
    path("innovations/<int:pk>/edit/", innovations.innovation_edit, name="innovation_edit"),
    path("reports/", include("crm.insights.remedies.urls")),
    path("reports/pyramid/", pyramid_views.pyramid_report, name="pyramid_report"),
    path("reports/pyramid/export/", pyramid_views.pyramid_export, name="pyramid_export"),
    path("reports/pyramid/<slug:key>/", pyramid_views.pyramid_rows, name="pyramid_rows"),
    path("reports/", include("crm.insights.statistics.urls")),
    path("reports/rows/<slug:metric>/", views.report_rows, name="report_rows"),
]
