from django.urls import include, path

from crm.workbench import board, norm_breaches, ticket_list, triage_page, views, visits

urlpatterns = [
    path("desk/", views.workbench, name="workbench"),
    path("desk/counts/", views.counts, name="desk_counts"),
    path("desk/rows/", views.rows, name="desk_rows"),
    path("desk/files/<int:pk>/", views.attachment, name="desk_attachment"),
    path("desk/messages/<int:pk>/original/", views.original, name="desk_original"),
    path("desk/<str:number>/", views.workbench, name="ticket_page"),
    path("desk/<str:number>/pane/", views.ticket_pane, name="ticket_pane"),
    path("desk/<str:number>/thread/", views.thread, name="ticket_thread"),
    path("desk/<str:number>/scripts/", views.scripts, name="ticket_scripts"),
    path("desk/<str:number>/side/<slug:tab>/", views.side, name="ticket_side"),
    path("desk/<str:number>/handover/", views.assignees, name="ticket_handover"),
    path("desk/<str:number>/edit/", views.edit, name="ticket_edit"),
    path("desk/<str:number>/send/", views.send, name="ticket_send"),
    path("desk/<str:number>/do/<slug:action>/", views.act, name="ticket_act"),
    path("", include("crm.workbench.library.urls")),
    path("triage/", triage_page.triage_accuracy, name="triage_accuracy"),
    path("tickets/", ticket_list.ticket_list, name="ticket_list"),
    path("tickets/export/", ticket_list.export, name="ticket_export"),
    path("board/", board.board, name="board"),
    path("board/assign/", board.assign, name="board_assign"),
    path("breaches/", norm_breaches.breach_list, name="breach_list"),
    path("breaches/new/", norm_breaches.breach_new, name="breach_new"),
    path("breaches/<int:pk>/", norm_breaches.breach_page, name="breach_page"),
    path("breaches/<int:pk>/objection/", norm_breaches.breach_object, name="breach_object"),
    path("breaches/<int:pk>/withdrawal/", norm_breaches.breach_withdraw, name="breach_withdraw"),
    path("visits/", visits.visit_list, name="visit_list"),
    path("visits/<int:pk>/complete/", visits.visit_complete, name="visit_complete"),
]
