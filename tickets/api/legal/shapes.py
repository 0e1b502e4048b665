"""What the resources of legal work share."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import CleanCharField
from core.language import mask_text
from tickets.models import Attachment, Ticket

LARGEST_ID = 2**63 - 1


class TicketField(CleanCharField):
    """A ticket by id or number, among those the caller may see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        word = super().run_validation(data)
        if word is None:
            return None
        found = Ticket.objects.visible_to(self.context["request"].user).named(word)
        ticket = found.select_related("shop", "assignee", "customer", "channel", "queue").first()
        if ticket is None:
            raise serializers.ValidationError(_("没有这张工单。"))
        return ticket


class IdField(serializers.IntegerField):
    """The id of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class UploadField(IdField):
    """One of the caller's own uploads that is not sent yet, or a file of a ticket they may see."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        key = super().run_validation(data)
        found = Attachment.objects.visible_to(self.context["request"].user).filter(pk=key).first()
        if found is None:
            raise serializers.ValidationError(_("没有这个附件。"))
        return found


class Masked:
    """Words people wrote, masked for auditors."""

    context: dict[str, Any]

    def words(self, text: str | None) -> str:
        auditor = self.context["request"].user.is_auditor
        return mask_text(text or "") if auditor else text or ""
