from django.urls import path

from tickets import views

urlpatterns = [
    path("complain/", views.complain, name="complain"),
    path("track/", views.track, name="track"),
]
