from django.urls import path

from crm.performance import views

urlpatterns = [
    path("quality/", views.quality_list, name="quality_list"),
    path("quality/<int:pk>/", views.quality_page, name="quality_page"),
]
