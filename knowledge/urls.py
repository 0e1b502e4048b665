from django.urls import path

from knowledge import views

urlpatterns = [
    path("help/", views.home, name="help_home"),
    path("help/sections/<path:name>/", views.section, name="help_section"),
    path("help/articles/<int:pk>/", views.article, name="help_article"),
    path("help/articles/<int:pk>/vote/", views.vote, name="help_vote"),
]
