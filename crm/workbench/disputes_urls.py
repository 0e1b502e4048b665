from django.urls import path

from crm.workbench import negotiating, rooms, together

urlpatterns = [
    path("desk/<str:number>/together/", together.ticket_together, name="ticket_together"),
    path("desk/<str:number>/weigh/", negotiating.ticket_weigh, name="ticket_weigh"),
    path("desk/<str:number>/negotiation/", negotiating.ticket_negotiation, name="ticket_negotiation"),
    path("posts/", together.post_list, name="post_list"),
    path("posts/<int:pk>/", together.post_page, name="post_page"),
    path("rooms/", rooms.room_list, name="room_list"),
    path("rooms/new/", rooms.room_new, name="room_new"),
    path("rooms/<int:pk>/", rooms.room_page, name="room_page"),
    path("rooms/<int:pk>/entries/", rooms.room_entries, name="room_entries"),
]
