"""Public posts, their links and the thresholds of reach in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin_bases import KeptAdmin, ReadOnlyAdmin
from tickets.models import PostLink, PublicPost, ReachThreshold, TicketReach
from tickets.publicity import posts


@admin.register(PublicPost)
class PublicPostAdmin(KeptAdmin):
    list_display = ["url", "platform", "reach", "sentiment", "posted_at", "recorded_by"]
    list_filter = ["platform", "sentiment"]
    list_select_related = ["recorded_by"]
    search_fields = ["=url"]
    fields = ["platform", "url", "author", "reach", "sentiment", "posted_at", "excerpt"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["platform", "url"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: PublicPost, form: Any, change: bool) -> None:
        user: Any = request.user
        if not change:
            obj.pk = posts.record_post(actor=user, values=form.cleaned_data).pk
            return
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        posts.update_post(post=PublicPost.objects.get(pk=obj.pk), actor=user, changes=changes)


@admin.register(PostLink)
class PostLinkAdmin(ReadOnlyAdmin):
    list_display = ["post", "ticket", "linked_by", "linked_at", "unlinked_by", "unlinked_at", "unlink_reason"]
    list_select_related = ["post", "ticket", "linked_by", "unlinked_by"]


@admin.register(TicketReach)
class TicketReachAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "reach", "passed", "raised_at"]
    list_select_related = ["ticket"]


@admin.register(ReachThreshold)
class ReachThresholdAdmin(KeptAdmin):
    list_display = ["reach", "priority", "is_active"]
    fields = ["reach", "priority", "is_active"]

    def get_queryset(self, request: HttpRequest) -> Any:
        posts.ensure_thresholds()
        return super().get_queryset(request)

    def save_model(self, request: HttpRequest, obj: ReachThreshold, form: Any, change: bool) -> None:
        stored = ReachThreshold.objects.get(pk=obj.pk) if change else None
        user: Any = request.user
        obj.pk = posts.save_threshold(threshold=stored, actor=user, values=dict(form.cleaned_data)).pk
