"""Addresses of Kean."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerView

from config import health
from config.documents import SchemaView, not_offered
from crm.workbench.streams import event_stream

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("events/stream/", event_stream, name="event-stream"),
    path("admin/", admin.site.urls),
    # Addresses are entered by admins, and nobody signs in by a mailed code.
    *(path(f"accounts/{closed}/", not_offered) for closed in ("email", "confirm-email", "login/code/confirm")),
    path("accounts/", include("allauth.urls")),
    path("", include("crm.staff.urls")),
    path("", include("customers.urls")),
    path("", include("knowledge.urls")),
    path("", include("crm.followups.urls")),
    path("", include("crm.performance.urls")),
    path("", include("crm.insights.urls")),
    path("", include("tickets.urls")),
    path("", include("crm.workbench.urls")),
    path("api/v1/", include("config.api_router")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

handler404 = "config.documents.not_found"
handler500 = "core.middleware.server_error"
