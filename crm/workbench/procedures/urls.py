from django.urls import path

from crm.workbench.procedures import desk, duty_page, task_pages

urlpatterns = [
    path("desk/<str:number>/procedure/start/", desk.procedure_start, name="procedure_start"),
    path("desk/<str:number>/procedure/<int:pk>/<slug:verb>/", desk.procedure_act, name="procedure_act"),
    path("desk/<str:number>/procedure/tasks/<int:pk>/<slug:verb>/", desk.procedure_task, name="procedure_task"),
    path("desk/<str:number>/level/", desk.level_change, name="level_change"),
    path("desk/<str:number>/escalations/<int:pk>/<slug:verb>/", desk.escalation_act, name="escalation_act"),
    path("complaints/effects/", duty_page.solution_effects, name="solution_effects"),
    path("complaints/duty/", duty_page.complaint_duty, name="complaint_duty"),
    path("tasks/", task_pages.task_list, name="task_list"),
    path("tasks/<int:pk>/<slug:verb>/", task_pages.task_act, name="task_act"),
]
