from django.urls import path

from crm.staff import views
from crm.staff.pages import presence

urlpatterns = [
    path("team/", views.team, name="team"),
    path("team/availability/", views.availability, name="availability"),
    path("team/heartbeat/", presence.heartbeat, name="heartbeat"),
    path("team/presence/", presence.presence_menu, name="presence"),
    path("team/<int:pk>/logout/", presence.logout, name="staff_logout"),
    path("profile/", views.profile, name="profile"),
    path("profile/preferences/", views.preferences, name="preferences"),
    path("profile/tokens/", views.create_token, name="token_create"),
    path("profile/tokens/<int:token_id>/revoke/", views.delete_token, name="token_revoke"),
]
