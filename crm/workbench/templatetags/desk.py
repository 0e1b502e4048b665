"""Ticket events as short sentences."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.wording import explained, listed
from tickets.aftersales_choices import AfterSalesAction, AfterSalesKind
from tickets.choices import Action, MessageKind, Metric, NormStage, Priority
from tickets.services import catalogue
from tickets.services.transfer_rules import staffed_queue_ids

register = template.Library()


@register.simple_tag
def staffed_queues() -> set[int]:
    """Ids of the queues that somebody serves: a ticket may be passed on to these alone."""
    return staffed_queue_ids()


@register.simple_tag
def is_among(watchers: Iterable[Any], user: Any) -> bool:
    """Whether the person is one of the watchers."""
    return any(row.user_id == user.pk for row in watchers)


@register.filter
def event_sentence(event: Any) -> str:
    """What happened, in words: `分派`, `首次响应超时`, `修改：优先级`."""
    data = event.payload
    match event.kind:
        case "ticket.created":
            rule = data.get("rule")
            return _("创建，按规则“{rule}”分派").format(rule=rule) if rule else _("创建")
        case "ticket.unrouted":
            return _("没有规则匹配，进入默认队列")
        case "message.created":
            return str(MessageKind(data["kind"]).label) if data.get("kind") in MessageKind.values else _("消息")
        case "sla.warned":
            share = int(float(data.get("threshold", 0)) * 100)
            return _("{metric}已用 {share}%").format(metric=Metric(data["metric"]).label, share=share)
        case "sla.breached":
            return _("{metric}超时").format(metric=Metric(data["metric"]).label)
        case "norm.breached":
            return _("{stage}阶段未达标").format(stage=NormStage(data["stage"]).label)
        case "norm.objected":
            return _("对未达标提出异议")
        case "norm.withdrawn":
            return _("撤销未达标")
        case "ticket.merged":
            return _("合并到其他工单")
        case "ticket.unmerged":
            return _("撤销合并")
    if event.kind in _PLAIN:
        return str(_PLAIN[event.kind])
    if event.kind in _TOLD:
        return str(_TOLD[event.kind]) % {"title": "", "department": "", "procedure": "", **data}
    if event.kind.startswith("aftersales."):
        return _aftersales(event.kind.partition(".")[2], data)
    if event.kind in _MONEY:
        return _MONEY[event.kind] % {"amount": data["amount"]}
    return _moved(data) or event.kind


def _aftersales(what: str, data: dict[str, Any]) -> str:
    """`售后 退货退款 #12：验货`"""
    kind = AfterSalesKind(data["aftersales_kind"]).label
    done = AfterSalesAction(what).label if what in AfterSalesAction.values else _AFTERSALES.get(what, what)
    return _("售后 {kind} #{id}：{done}").format(kind=kind, id=data["aftersales"], done=done)


def _moved(data: dict[str, Any]) -> str:
    action = data.get("action", "")
    reason = data.get("reason")
    if action == "edit":
        return _("修改：{fields}").format(fields=listed(_FIELDS.get(name, name) for name in data.get("changes", {})))
    if action == "move":
        names = {queue.pk: queue.name for queue in catalogue.queues().values()}
        return explained(_("转到队列“{queue}”").format(queue=names.get(data.get("to"), "—")), reason)
    if action in _TRANSFER:
        return str(_TRANSFER[action])
    if action == "escalate" and data.get("to") in Priority.values:
        return explained(_("升级到{priority}").format(priority=Priority(data["to"]).label), reason)
    if action == "reach" and data.get("to") in Priority.values:
        priority = Priority(data["to"]).label
        return _("公开触达 {reach} 人，优先级升到{priority}").format(reach=data["reach"], priority=priority)
    if action == "merge":
        return _("并入另一张工单的会话")
    if action == "contact":
        return _("记录联系客户")
    return explained(Action(action).label, reason) if action in Action.values else ""


#: With what the event says of itself.
_TOLD = {
    "procedure.started": gettext_lazy("流程“%(procedure)s”开始"),
    "procedure.step_done": gettext_lazy("完成步骤“%(title)s”"),
    "procedure.sent_back": gettext_lazy("流程退回到“%(title)s”"),
    "procedure.done": gettext_lazy("流程“%(procedure)s”完成"),
    "procedure.cancelled": gettext_lazy("流程“%(procedure)s”终止"),
    "procedure.task_created": gettext_lazy("任务“%(title)s”交给%(department)s"),
    "procedure.task_done": gettext_lazy("%(department)s完成任务“%(title)s”"),
    "procedure.task_passed": gettext_lazy("任务“%(title)s”转给%(department)s"),
    "procedure.task_returned": gettext_lazy("任务“%(title)s”退回%(department)s"),
    "ticket.graded": gettext_lazy("投诉级别：%(level_name)s"),
    "ticket.post_linked": gettext_lazy("关联公开帖子，触达 %(reach)s 人"),
    "ticket.post_unlinked": gettext_lazy("解除公开帖子的关联：%(reason)s"),
    "ticket.room_opened": gettext_lazy("发起会商"),
    "ticket.room_closed": gettext_lazy("会商结束"),
    "ticket.room_reopened": gettext_lazy("会商重新打开"),
    "ticket.room_guest_invited": gettext_lazy("邀请外部来宾参加会商"),
    "ticket.room_guest_revoked": gettext_lazy("撤销会商的外部来宾"),
    "ticket.demand_recorded": gettext_lazy("登记客户诉求"),
    "negotiation.opened": gettext_lazy("开始协商，下限 %(floor)s 元，上限 %(ceiling)s 元"),
    "negotiation.offered": gettext_lazy("第 %(number)s 次报价 %(amount)s 元"),
    "negotiation.requested": gettext_lazy("第 %(number)s 次报价 %(amount)s 元，提交审批"),
    "negotiation.refused": gettext_lazy("报价 %(amount)s 元未获批准"),
    "negotiation.accepted": gettext_lazy("客户接受 %(amount)s 元"),
    "negotiation.declined": gettext_lazy("客户不接受 %(amount)s 元"),
    "negotiation.walked_away": gettext_lazy("协商未达成"),
    "escalation.raised": gettext_lazy("触发升级"),
    "escalation.taken": gettext_lazy("接手升级"),
    "escalation.late": gettext_lazy("升级超时无人接手"),
    "escalation.ended": gettext_lazy("批准降级"),
    "procedure.alarm": gettext_lazy("任务“%(title)s”需要安排（%(department)s）"),
}
_PLAIN = {
    "ticket.reply_waits": gettext_lazy("回复待发送"),
    "ticket.reply_taken_back": gettext_lazy("撤回待发回复"),
    "ticket.reply_cancelled": gettext_lazy("客户先来信，定时回复已取消"),
    "ticket.reply_failed": gettext_lazy("回复未能发送"),
    "ticket.snoozed": gettext_lazy("稍后处理"),
    "ticket.woken": gettext_lazy("回到列表"),
    "ticket.outcome_recorded": gettext_lazy("结案满 30 天，已复盘"),
    "survey.invited": gettext_lazy("邀请客户评价"),
    "survey.skipped": gettext_lazy("客户免打扰，未邀请评价"),
    "survey.answered": gettext_lazy("客户已评价"),
    "survey.unsatisfied": gettext_lazy("客户评价不满意"),
    "survey.reopened": gettext_lazy("评价不满意，交主管跟进"),
    "visit.planned": gettext_lazy("安排回访"),
    "visit.changed": gettext_lazy("修改回访"),
    "visit.skipped": gettext_lazy("客户免打扰，跳过回访"),
    "visit.due": gettext_lazy("到了回访时间"),
    "visit.attempted": gettext_lazy("回访未接通"),
    "visit.completed": gettext_lazy("完成回访"),
    "visit.cancelled": gettext_lazy("取消回访"),
    "ticket.watched": gettext_lazy("关注工单"),
    "ticket.unwatched": gettext_lazy("取消关注"),
    "appointment.booked": gettext_lazy("预约上门"),
    "appointment.moved": gettext_lazy("上门改约"),
    "appointment.cancelled": gettext_lazy("取消上门"),
    "appointment.done": gettext_lazy("上门服务已登记"),
    "appointment.reminded": gettext_lazy("提醒客户上门时间"),
    "legal.case_opened": gettext_lazy("登记监管或平台争议"),
    "legal.case_moved": gettext_lazy("争议案件有进展"),
    "legal.case_closed": gettext_lazy("争议案件结案"),
    "legal.clock_started": gettext_lazy("法定时限起算"),
    "legal.clock_warned": gettext_lazy("法定时限将到"),
    "legal.clock_missed": gettext_lazy("错过法定时限"),
    "legal.clock_met": gettext_lazy("法定时限完成"),
    "legal.clock_dropped": gettext_lazy("法定时限不再适用"),
    "legal.clock_explained": gettext_lazy("写明错过时限的原因和补救"),
    "legal.review_asked": gettext_lazy("提请法务复核"),
    "legal.review_answered": gettext_lazy("法务给出意见"),
    "evidence.frozen": gettext_lazy("固定证据"),
    "evidence.exported": gettext_lazy("导出证据包"),
    "investigation.opened": gettext_lazy("开始调查"),
    "investigation.noted": gettext_lazy("调查有新记录"),
    "investigation.concluded": gettext_lazy("调查得出结论"),
    "safety.claim_confirmed": gettext_lazy("确认了回复中的安全承诺"),
    "safety.incident_reported": gettext_lazy("登记安全事故"),
    "safety.recall_drafted": gettext_lazy("按安全事故建立召回"),
    "diagnosis.started": gettext_lazy("开始故障诊断"),
    "diagnosis.finished": gettext_lazy("故障诊断有结论"),
    "diagnosis.applied": gettext_lazy("按诊断登记售后"),
}
_MONEY = {
    "compensation.requested": gettext_lazy("补偿 %(amount)s 元，提交审批"),
    "compensation.granted": gettext_lazy("给付补偿 %(amount)s 元"),
    "compensation.approved": gettext_lazy("批准补偿 %(amount)s 元"),
    "compensation.rejected": gettext_lazy("驳回补偿 %(amount)s 元"),
    "compensation.expired": gettext_lazy("补偿 %(amount)s 元未在期限内审批，已失效"),
    "compensation.paid": gettext_lazy("补偿 %(amount)s 元已打款"),
    "compensation.failed": gettext_lazy("补偿 %(amount)s 元打款失败"),
    "compensation.reversed": gettext_lazy("补偿 %(amount)s 元已冲正"),
    "compensation.below_floor": gettext_lazy("补偿 %(amount)s 元低于法定下限，已说明理由"),
    "refund.requested": gettext_lazy("提出退款 %(amount)s 元"),
    "refund.paid": gettext_lazy("退款 %(amount)s 元已打款"),
    "refund.failed": gettext_lazy("退款 %(amount)s 元未成功"),
    "refund.reversed": gettext_lazy("退款 %(amount)s 元已冲正"),
}
_AFTERSALES = {
    "apply": gettext_lazy("登记售后"),
    "inspected": gettext_lazy("售后验货"),
    "overdue": gettext_lazy("售后单超时"),
    "warned": gettext_lazy("售后单时限快到了"),
    "red_line": gettext_lazy("售后单临近十五日红线"),
    "slow_repair": gettext_lazy("维修将满三十日"),
    "below_floor": gettext_lazy("售后低于法定下限，已说明理由"),
}
_TRANSFER = {
    "transfer_requested": gettext_lazy("申请再次转接，等主管确认"),
    "transfer_refused": gettext_lazy("再次转接未获确认"),
    "move_back": gettext_lazy("撤销转接"),
    "link": gettext_lazy("关联工单"),
    "unlink": gettext_lazy("解除关联"),
}
_FIELDS = {
    "subject": gettext_lazy("标题"),
    "priority": gettext_lazy("优先级"),
    "type": gettext_lazy("类型"),
    "category": gettext_lazy("分类"),
    "shop": gettext_lazy("店铺"),
    "product": gettext_lazy("商品"),
    "batch": gettext_lazy("批次"),
    "order_no": gettext_lazy("订单号"),
    "tags": pgettext_lazy("many", "标签"),
}
