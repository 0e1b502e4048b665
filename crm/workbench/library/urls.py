from django.urls import path
from django.urls.resolvers import URLPattern

from crm.workbench.library import files, views
from crm.workbench.library.kinds import (
    ARTICLE_LIBRARY,
    LADDER_LIBRARY,
    PROCEDURE_LIBRARY,
    SAFETY_LIBRARY,
    SCRIPT_LIBRARY,
    TREE_LIBRARY,
    Library,
)


def _addresses(prefix: str, library: Library) -> list[URLPattern]:
    kind = {"library": library}
    return [
        path(f"{prefix}/", views.item_list, kind, name=library.list_name),
        path(f"{prefix}/new/", views.create, kind, name=library.create_name),
        path(f"{prefix}/<int:pk>/", views.detail, kind, name=library.detail_name),
        path(f"{prefix}/<int:pk>/edit/", views.edit, kind, name=library.edit_name),
        path(f"{prefix}/<int:pk>/draft/", views.draft, kind, name=library.draft_name),
        path(f"{prefix}/<int:pk>/versions/<int:number>/edit/", views.draft_edit, kind, name=library.draft_edit_name),
        path(f"{prefix}/<int:pk>/versions/<int:number>/<slug:verb>/", views.move, kind, name=library.move_name),
    ]


urlpatterns = [
    *_addresses("scripts", SCRIPT_LIBRARY),
    *_addresses("articles", ARTICLE_LIBRARY),
    path("products/safety/import/", files.safety_import, name="safety_import"),
    path("products/safety/words/", files.safety_words, name="safety_words"),
    *_addresses("products/safety", SAFETY_LIBRARY),
    *_addresses("products/diagnosis", TREE_LIBRARY),
    *_addresses("procedures", PROCEDURE_LIBRARY),
    *_addresses("ladders", LADDER_LIBRARY),
    path("articles/<int:pk>/vote/", views.vote, name="article_vote"),
]
