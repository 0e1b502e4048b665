from django.urls import path

from tickets import chat_views, room_views, views
from tickets.chat_stream import chat_stream

urlpatterns = [
    path("complain/", views.complain, name="complain"),
    path("track/", views.track, name="track"),
    path("rooms/guest/<str:token>/", room_views.room_guest, name="room_guest"),
    path("chat/widget.js", chat_views.widget, name="chat_widget"),
    path("chat/<str:key>/", chat_views.frame, name="chat_frame"),
    path("chat/<str:key>/stream/", chat_stream, name="chat_stream"),
    path("chat/<str:key>/files/<str:secret>/", chat_views.file, name="chat_file"),
]
