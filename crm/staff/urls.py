from django.urls import path

from crm.staff import views
from crm.staff.pages import peaks, presence, shifts, substitutes, wellbeing

urlpatterns = [
    path("team/", views.team, name="team"),
    path("team/availability/", views.availability, name="availability"),
    path("team/heartbeat/", presence.heartbeat, name="heartbeat"),
    path("team/presence/", presence.presence_menu, name="presence"),
    path("team/shifts/", shifts.week, name="shift_week"),
    path("team/shifts/new/", shifts.create, name="shift_create"),
    path("team/shifts/copy/", shifts.copy, name="shift_copy"),
    path("team/shifts/import/", shifts.import_file, name="shift_import"),
    path("team/shifts/export/", shifts.export, name="shift_export"),
    path("team/shifts/<int:pk>/cancel/", shifts.cancel, name="shift_cancel"),
    path("team/peak/", peaks.peak, name="peak"),
    path("team/peak/new/", peaks.create, name="peak_create"),
    path("team/peak/<int:pk>/stop/", peaks.stop, name="peak_stop"),
    path("wellbeing/", wellbeing.wellbeing_page, name="wellbeing"),
    path("wellbeing/<int:pk>/", wellbeing.decide, name="relief_decide"),
    path("team/<int:pk>/logout/", presence.logout, name="staff_logout"),
    path("profile/", views.profile, name="profile"),
    path("profile/preferences/", views.preferences, name="preferences"),
    path("profile/substitutes/", views.name_substitute, name="substitute_name"),
    path("profile/substitutes/<int:pk>/end/", substitutes.end, name="substitute_end"),
    path("profile/tokens/", views.create_token, name="token_create"),
    path("profile/tokens/<int:token_id>/revoke/", views.delete_token, name="token_revoke"),
]
