"""A customer's history as sentences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.events import Event
from core.wording import explained, listed
from customers import events
from customers.choices import CareKind, ConsentDecision, ConsentPurpose
from customers.models import Customer
from customers.outreach_choices import OutreachPurpose, OutreachReason, OutreachStatus
from customers.recall_choices import AffectedStatus
from customers.shipment_choices import ExceptionKind, NodeKind, Resolution

FIELD_LABELS = {
    "name": gettext_lazy("姓名"),
    "phone": gettext_lazy("手机号"),
    "phone_verified_at": gettext_lazy("手机号验证"),
    "email": gettext_lazy("邮箱"),
    "email_verified_at": gettext_lazy("邮箱验证"),
    "address": gettext_lazy("地址"),
    "important": gettext_lazy("重点客户"),
    "important_until": gettext_lazy("重点客户截止"),
    "do_not_contact_at": gettext_lazy("免打扰"),
    "do_not_contact_reason": gettext_lazy("免打扰原因"),
    "notes": gettext_lazy("备注"),
    "preferences": gettext_lazy("偏好"),
    "level": gettext_lazy("会员等级"),
    "is_anonymous": gettext_lazy("匿名"),
}


@dataclass(frozen=True)
class HistoryLine:
    at: datetime
    actor: Any
    icon: str
    sentence: str


def history_of(customer: Customer, *, limit: int = 50) -> list[HistoryLine]:
    """The newest lines of the customer and of the records merged into it, newest first."""
    ids = [customer.pk, *customer.merged_from.values_list("pk", flat=True)]
    rows = Event.objects.filter(subject_type="customer", subject_id__in=ids).select_related("actor")
    # A merge is told to both records; here it is one line.
    seen: set[tuple[str, int]] = set()
    lines = []
    for event in rows.order_by("-id")[:limit]:
        key = (event.kind, event.payload.get("merge", -event.pk))
        if key not in seen:
            seen.add(key)
            lines.append(_line(event))
    return lines


def _line(event: Event) -> HistoryLine:
    icon, words = _WORDS.get(event.kind, ("point", lambda payload: event.kind))
    return HistoryLine(event.at, event.actor, icon, words(event.payload))


def _moment(text: str | None) -> str:
    moment = parse_datetime(text) if text else None
    return f"{moment:%Y-%m-%d %H:%M}" if moment else _("长期有效")


def _changes(payload: dict[str, Any]) -> str:
    names = payload.get("fields") or list(payload.get("changes", {}))
    labels = listed(FIELD_LABELS.get(name, name) for name in names if not name.endswith("verified_at"))
    platforms = listed(payload.get("platforms", []))
    return _("更新了%(what)s") % {"what": listed(part for part in (labels, platforms) if part) or _("资料")}


def _created(payload: dict[str, Any]) -> str:
    platforms = listed(payload.get("platforms", []))
    return _("建档（%(platforms)s）") % {"platforms": platforms} if platforms else _("建档")


def _tag_added(payload: dict[str, Any]) -> str:
    if payload.get("by_rule"):
        return _("规则添加标签“%(tag)s”") % payload
    return explained(_("添加标签“%(tag)s”") % payload, payload.get("reason"))


def _conflict(payload: dict[str, Any]) -> str:
    return _("与 %(other)s 号客户使用同一%(sign)s，请核对是否为同一人") % {
        "other": payload["other"],
        "sign": {"phone": _("手机号"), "email": _("邮箱"), "account": _("平台账号")}.get(payload["by"], payload["by"]),
    }


def _consent(payload: dict[str, Any]) -> str:
    return _("%(purpose)s：客户%(decision)s") % {
        "purpose": ConsentPurpose(payload["purpose"]).label,
        "decision": ConsentDecision(payload["decision"]).label,
    }


def _outreach(payload: dict[str, Any]) -> str:
    """What we told the customer unasked, and what became of it."""
    status = OutreachStatus(payload["status"]).label if payload.get("status") else OutreachStatus.CANCELLED.label
    reason = OutreachReason(payload["why"]).label if payload.get("why") else ""
    told = {"purpose": OutreachPurpose(payload["purpose"]).label, "status": status}
    return explained(_("%(purpose)s：%(status)s") % told, str(reason))


def _stage(value: str) -> str:
    return str(NodeKind(value).label)


_WORDS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    events.CREATED: ("user-plus", _created),
    events.UPDATED: ("pencil", _changes),
    events.IDENTITY_ADDED: ("link", lambda p: _("添加平台账号：%(p)s") % {"p": listed(p["platforms"])}),
    events.IDENTITY_CONFLICT: ("alert-triangle", _conflict),
    events.PHONE_VERIFIED: ("shield-check", lambda p: _("确认手机号为本人")),
    events.EMAIL_VERIFIED: ("shield-check", lambda p: _("确认邮箱为本人")),
    events.TAG_ADDED: ("tag", _tag_added),
    events.TAG_CHANGED: (
        "tag",
        lambda p: _("标签“%(tag)s”到期改为%(to)s") % {"tag": p["tag"], "to": _moment(p["expires_at"]["to"])},
    ),
    events.TAG_REPLACED: ("tags", lambda p: _("标签“%(old)s”换为“%(new)s”") % p),
    events.TAG_REMOVED: ("tag-off", lambda p: _("移除标签“%(tag)s”") % p),
    events.TAG_EXPIRED: ("clock-off", lambda p: _("标签“%(tag)s”到期") % p),
    events.MERGED: ("arrow-merge", lambda p: _("%(source)s 号客户合并到 %(target)s 号客户") % p),
    events.UNMERGED: ("arrows-split", lambda p: _("撤销 %(source)s 号与 %(target)s 号客户的合并") % p),
    events.CARE_NOTED: ("heart", lambda p: _("登记%(kind)s") % {"kind": CareKind(p["note_kind"]).label}),
    events.CARE_ENDED: ("heart-off", lambda p: _("移除%(kind)s") % {"kind": CareKind(p["note_kind"]).label}),
    events.CONSENT_RECORDED: ("writing-sign", _consent),
    events.ORDER_CREATED: ("shopping-cart", lambda p: _("下单 %(order_no)s") % p),
    events.ORDER_UPDATED: ("shopping-cart", lambda p: _("订单 %(order_no)s 更新") % p),
    "customer.outreach_asked": ("send", _outreach),
    "customer.outreach_sent": ("send", _outreach),
    "customer.outreach_ended": ("send-off", _outreach),
    "customer.outreach_contacted": ("phone", _outreach),
    "order.shipment_created": ("package", lambda p: _("订单有了包裹")),
    "order.shipment_moved": ("truck-delivery", lambda p: _("包裹：%(stage)s") % {"stage": _stage(p["stage"]["to"])}),
    "order.shipment_exception": (
        "alert-triangle",
        lambda p: _("物流异常：%(kind)s") % {"kind": ExceptionKind(p["problem"]).label},
    ),
    "order.shipment_exception_taken": ("user-check", lambda p: _("接手物流异常")),
    "order.shipment_exception_resolved": (
        "circle-check",
        lambda p: _("物流异常已解决：%(how)s") % {"how": Resolution(p["resolution"]).label},
    ),
    "recall.order_marked": (
        "rotate-2",
        lambda p: _("召回进展：%(step)s") % {"step": AffectedStatus(p["step"]).label},
    ),
    "disruption.choice": ("checks", lambda p: _("服务中断，客户选择：%(choice)s") % p),
    "personal_data.revealed": (
        "eye",
        lambda p: (
            _("查看完整%(field)s：%(reason)s")
            % {"field": FIELD_LABELS.get(p["field"], p["field"]), "reason": p["reason"]}
        ),
    ),
}
