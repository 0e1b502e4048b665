"""At the customer's place: the address in full, the result, and the customer's signature."""

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, NotAllowed
from core.events import record_events
from core.privacy.services import reveal
from tickets import events
from tickets.appointment_choices import AppointmentState, ServiceResult
from tickets.models import Appointment, Attachment, TicketMessage
from tickets.services import attachments, conversation
from tickets.services.appointments import reminding
from tickets.services.appointments.booking import planned, refuse

if TYPE_CHECKING:
    from crm.staff.models import User

DONE = "appointment.done"
NOTE_LENGTH, UNSIGNED_LENGTH = 1000, 200
REVEALABLE = ("address", "phone")
IMAGES = frozenset({"image/png", "image/jpeg", "image/webp"})
#: What the canvas of the page sends; a signature takes a few kilobytes.
DRAWN = "data:image/png;base64,"
LARGEST_DRAWING = 400_000


def reveal_address(*, appointment: Appointment, actor: "User", reason: str, field: str = "address") -> str:
    """Address or phone number in full, which is written down with the reason. The caller has checked the sight."""
    if field not in REVEALABLE:
        refuse("field", _("没有这个可查看的字段。"))
    return reveal(instance=appointment, field=field, actor=actor, reason=reason)


def drawn(data: str, *, actor: "User") -> Attachment:
    """Keep what was drawn on the page as a picture. Raises InvalidInput for anything but a PNG."""
    if not data.startswith(DRAWN) or len(data) > LARGEST_DRAWING:
        refuse("signature", _("签名图片无效，请重新签名。"))
    try:
        content = base64.b64decode(data.removeprefix(DRAWN), validate=True)
    except (binascii.Error, ValueError):
        refuse("signature", _("签名图片无效，请重新签名。"))
    return attachments.store_attachment(upload=SimpleUploadedFile("signature.png", content), actor=actor)


@transaction.atomic
def serve(
    *,
    appointment: Appointment,
    actor: "User",
    result: str,
    note: str = "",
    signature: Attachment | None = None,
    unsigned_reason: str = "",
) -> Appointment:
    """Record how the visit went. The picture of the signature hangs on an internal note of the ticket.

    A visit that took place wants a signature, or the reason why there is none. Raises Conflict when the
    visit is over already, InvalidInput naming what is missing.
    """
    if not actor.has_perm("tickets.serve_appointment"):
        raise NotAllowed(_("您没有登记服务结果的权限。"))
    appointment = planned(appointment)
    _check(appointment, result, note, signature, unsigned_reason)
    appointment.state, appointment.result = AppointmentState.DONE, result
    appointment.result_note, appointment.unsigned_reason = note.strip(), unsigned_reason.strip()
    appointment.ended_by, appointment.ended_at = actor, clock.now()
    if signature is not None:
        appointment.signature, appointment.signature_sha256 = signature, signature.sha256
    message = _note(appointment, actor)
    appointment.save(
        update_fields=[
            "state", "result", "result_note", "unsigned_reason", "ended_by", "ended_at", "signature",
            "signature_sha256",
        ]
    )  # fmt: skip
    reminding.stop(appointment)
    told = {"appointment": appointment.pk, "result": str(result), "signature": appointment.signature_sha256}
    record_events([events.ticket_event(DONE, appointment.ticket, actor, message=message.pk, **told)])
    return appointment


def _check(
    appointment: Appointment, result: str, note: str, signature: Attachment | None, unsigned_reason: str
) -> None:
    if result not in ServiceResult.values:
        refuse("result", _("请选择服务结果。"))
    if timezone.localdate(clock.now()) < timezone.localdate(appointment.starts_at):
        raise Conflict(_("还没有到预约的日期；提前上门请先改约。"), code="too_early")
    if len(note) > NOTE_LENGTH:
        refuse("note", _("服务记录不能超过 %(n)d 个字符。") % {"n": NOTE_LENGTH})
    if len(unsigned_reason) > UNSIGNED_LENGTH:
        refuse("unsigned_reason", _("未签名原因不能超过 %(n)d 个字符。") % {"n": UNSIGNED_LENGTH})
    if result == ServiceResult.UNSOLVED and not note.strip():
        refuse("note", _("未解决时请写明情况和下一步。"))
    if signature is not None and signature.content_type not in IMAGES:
        refuse("signature", _("签名须是 PNG、JPEG 或 WebP 图片。"))
    if signature is None and result != ServiceResult.ABSENT and not unsigned_reason.strip():
        refuse("signature", _("请客户签名；客户不签时请填写未签名原因。"))


def _note(appointment: Appointment, actor: "User") -> TicketMessage:
    ended = {"span": appointment.span, "result": appointment.get_result_display()}
    said = [_("上门服务 %(span)s：%(result)s") % ended]
    if appointment.result_note:
        said.append(appointment.result_note)
    if appointment.signature is not None:
        said.append(_("客户签名 SHA-256：%(digest)s") % {"digest": appointment.signature_sha256})
    elif appointment.unsigned_reason:
        said.append(_("未签名：%(reason)s") % {"reason": appointment.unsigned_reason})
    files = [appointment.signature] if appointment.signature is not None else []
    return conversation.add_note(ticket=appointment.ticket, actor=actor, body="\n".join(said), attachments=files)


def signature_of(appointment: Appointment) -> bytes | None:
    """The picture, if it is still what was signed. Raises Conflict "changed" when its bytes are others."""
    if appointment.signature is None:
        return None
    with appointment.signature.file.open("rb") as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != appointment.signature_sha256:
        raise Conflict(_("签名图片与登记的指纹不符。"), code="changed")
    return content
