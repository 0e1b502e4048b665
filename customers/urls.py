from django.urls import path

from customers import care_views, consent_views, views

app_name = "customers"

urlpatterns = [
    path("customers/", views.customer_list, name="list"),
    path("customers/export/", views.export, name="export"),
    path("customers/new/", views.create, name="create"),
    path("customers/<int:pk>/", views.detail, name="detail"),
    path("customers/<int:pk>/edit/", views.edit, name="edit"),
    path("customers/<int:pk>/reveal/", views.reveal, name="reveal"),
    path("customers/<int:pk>/verify/", views.verify, name="verify"),
    path("customers/<int:pk>/tags/", views.add_tag, name="add_tag"),
    path("customers/<int:pk>/tags/<int:tag_id>/remove/", views.remove_tag, name="remove_tag"),
    path("customers/<int:pk>/care/", care_views.add, name="add_care"),
    path("customers/<int:pk>/care/<int:note_id>/end/", care_views.end, name="end_care"),
    path("customers/<int:pk>/consents/", consent_views.record_consent, name="record_consent"),
    path(
        "customers/<int:pk>/consents/<str:purpose>/withdraw/", consent_views.withdraw_consent, name="withdraw_consent"
    ),
    path("customers/<int:pk>/merge/", views.merge, name="merge"),
    path("customers/merges/<int:pk>/undo/", views.undo_merge, name="undo_merge"),
]
