"""From accepting a request to goods that were looked at; exchanges within one's authority (B17)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.approvals import authority
from core.approvals.models import ApprovalRequest, ApprovalState
from core.approvals.services import request_approval
from core.events import record_events
from tickets import events
from tickets.aftersales_choices import AfterSalesAction, AfterSalesKind, AfterSalesState, InspectionResult
from tickets.compensation.marks import gettext_noop
from tickets.eligibility.categories import Group, find
from tickets.models import AfterSales, Attachment, GoodsInspection
from tickets.services import conversation
from tickets.services.aftersales import flow, warranties

if TYPE_CHECKING:
    from crm.staff.models import User

KIND = "exchange"
SUBJECT = "aftersales"
MOST_PHOTOS = 9
_A, _S = AfterSalesAction, AfterSalesState

#: What makes goods "not intact", by group of goods (7-day Measures, article 9).
CHECKLISTS: dict[str, tuple[str, ...]] = {
    Group.SEALED: (gettext_noop("必要的一次性密封包装损坏"), gettext_noop("已使用或缺量")),
    Group.ELECTRONIC: (
        gettext_noop("未经授权维修、改动"), gettext_noop("强制性标志、机身序列号等缺损"),
        gettext_noop("有难以恢复原状的使用痕迹"), gettext_noop("有激活、授权信息或数据留存痕迹"),
    ),
    Group.PLAIN: (
        gettext_noop("商标标识被摘、剪"), gettext_noop("受污、受损"), gettext_noop("配件、说明书缺失"),
    ),
}  # fmt: skip


def checklist_for(request: AfterSales) -> tuple[str, ...]:
    """What to look for in these goods."""
    category = find(request.category)
    return CHECKLISTS.get(category.group if category else Group.PLAIN, CHECKLISTS[Group.PLAIN])


@transaction.atomic
def accept(*, request: AfterSales, actor: "User", note: str = "") -> AfterSales:
    """Take the request up. An exchange above the person's authority of the day waits for approval instead."""
    request = flow.lock(request)
    flow.guard(request, _A.ACCEPT)
    request.handler = actor
    return into_work(request, _A.ACCEPT, actor, note=note)


def into_work(request: AfterSales, action: str, actor: "User", *, note: str = "", details: Any = None) -> AfterSales:
    """The next state of an accepted request, or the question to somebody with more authority."""
    if request.kind == AfterSalesKind.EXCHANGE and not authority.take(
        kind=KIND, person=actor, amount=request.goods_value
    ):
        request.approval = _ask(request, actor)
        return flow.enter(request, action, _S.APPROVING, actor, note=note, details=details)
    if request.accepted_at is None:
        request.accepted_at = clock.now()
    return flow.enter(request, action, flow.after_acceptance(request), actor, note=note, details=details)


def _ask(request: AfterSales, actor: "User") -> ApprovalRequest:
    left = authority.left(KIND, actor) or 0
    title = _("工单 %(number)s，换货 %(name)s × %(n)d") % {
        "number": request.ticket.number,
        "name": request.name or request.sku,
        "n": request.quantity,
    }
    return request_approval(
        kind=KIND,
        subject_type=SUBJECT,
        subject_id=request.pk,
        requester=actor,
        title=title,
        reason=_("超出换货授权额度（今日剩余 %(left)s 元）") % {"left": f"{left:.2f}"},
        amount=request.goods_value,
        audience=request.ticket.audience,
    )


def decided(approval: ApprovalRequest, actor: Any) -> None:
    """Approved: the exchange goes on. Refused or expired: back to the beginning, for another outcome."""
    request = flow.locked(approval.subject_id)
    if request is None or request.state != _S.APPROVING or request.approval_id != approval.pk:
        return
    note = str(approval.get_state_display())
    if approval.state == ApprovalState.APPROVED:
        if request.accepted_at is None:
            request.accepted_at = clock.now()
        flow.enter(request, _A.ACCEPT, flow.after_acceptance(request), actor, note=note)
    else:
        flow.enter(request, _A.ACCEPT, _S.APPLIED, actor, note=note)


@transaction.atomic
def receive(*, request: AfterSales, actor: "User", note: str = "") -> AfterSales:
    """The goods are in the warehouse; from now on law counts (R-07)."""
    request = flow.lock(request)
    flow.guard(request, _A.RECEIVE)
    request.received_at = clock.now()
    warranties.came_in(request)
    return flow.enter(request, _A.RECEIVE, _S.INSPECTING, actor, note=note)


@transaction.atomic
def inspect(
    *,
    request: AfterSales,
    actor: "User",
    result: str,
    photos: Sequence[Attachment],
    checklist: Sequence[str] = (),
    note: str = "",
) -> AfterSales:
    """Write down what came back, with photos; they stand as a note in the ticket, for those who see it."""
    request = flow.lock(request)
    flow.guard(request, _A.INSPECT)
    if result not in InspectionResult.values:
        raise flow.field_error("result", _("请选择验货结果。"))
    if not photos:
        raise flow.field_error("photos", _("请至少上传一张照片。"))
    if len(photos) > MOST_PHOTOS:
        raise flow.field_error("photos", _("最多 %(n)d 张照片。") % {"n": MOST_PHOTOS})
    if any(not photo.content_type.startswith("image/") for photo in photos):
        raise flow.field_error("photos", _("验货照片须为图片。"))
    known = checklist_for(request)
    if any(item not in known for item in checklist):
        raise flow.field_error("checklist", _("请从验货清单中选择。"))
    if result == InspectionResult.NOT_INTACT and not checklist and not note.strip():
        raise flow.field_error("note", _("不完好的，请勾选项目或写明情况。"))
    label = InspectionResult(result).label
    body = _("验货（售后单 #%(id)d）：%(result)s") % {"id": request.pk, "result": label}
    message = conversation.add_note(
        ticket=request.ticket, actor=actor, body="\n".join(part for part in (body, note.strip()) if part),
        attachments=photos,
    )  # fmt: skip
    request.inspection = GoodsInspection.objects.create(
        aftersales=request,
        result=result,
        checklist=list(checklist),
        note=note.strip(),
        message=message,
        inspector=actor,
    )
    record_events([events.aftersales_event("inspected", request, actor, result=result)])
    return flow.enter(request, _A.INSPECT, _S.DECIDING, actor, note=str(label))
