from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin_bases import ReadOnlyAdmin
from core.errors import DomainError
from core.timers.firing import replay
from core.timers.models import Heartbeat, PeriodicRun, Timer, TimerFiring


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    list_display = ["key", "kind", "state", "due_at", "next_at", "attempt", "last_error"]
    list_filter = ["state", "kind"]
    search_fields = ["key"]
    ordering = ["-id"]
    actions = ["replay_dead"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.replay_timer")

    @admin.action(description=_("重放失败的定时器"), permissions=["replay"])
    def replay_dead(self, request: HttpRequest, queryset: QuerySet[Timer]) -> None:
        try:
            count = replay(ids=list(queryset.values_list("pk", flat=True)), actor=cast(AbstractBaseUser, request.user))
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            return
        self.message_user(request, ngettext("已重放 %d 个定时器。", "已重放 %d 个定时器。", count) % count)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "role", "beat_at"]
    list_filter = ["role"]
    ordering = ["-beat_at"]


@admin.register(TimerFiring)
class TimerFiringAdmin(ReadOnlyAdmin):
    list_display = ["timer_key", "due_at", "fired_at", "attempt"]
    search_fields = ["=timer_key"]
    ordering = ["-id"]


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    list_display = ["name", "slot_at", "created_at"]
    list_filter = ["name"]
    ordering = ["-id"]
