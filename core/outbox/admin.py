from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin_bases import ReadOnlyAdmin
from core.errors import DomainError
from core.outbox.delivery import replay
from core.outbox.models import OutboxItem


@admin.register(OutboxItem)
class OutboxItemAdmin(ReadOnlyAdmin):
    list_display = ["dedupe_key", "kind", "target", "state", "attempt", "next_at", "sent_at", "last_error"]
    list_filter = ["state", "kind"]
    search_fields = ["dedupe_key"]
    ordering = ["-id"]
    # Letters to customers are in there.
    exclude = ["payload"]
    actions = ["replay_dead"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.replay_outboxitem")

    @admin.action(description=_("重发失败的事项"), permissions=["replay"])
    def replay_dead(self, request: HttpRequest, queryset: QuerySet[OutboxItem]) -> None:
        try:
            count = replay(ids=list(queryset.values_list("pk", flat=True)), actor=cast(AbstractBaseUser, request.user))
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            return
        self.message_user(request, ngettext("已重新排队 %d 项。", "已重新排队 %d 项。", count) % count)
