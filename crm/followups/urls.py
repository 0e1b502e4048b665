from django.urls import path

from crm.followups import views

urlpatterns = [path("s/<str:token>/", views.survey, name="survey")]
