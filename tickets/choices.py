"""Words of the ticket domain and the table of allowed moves.

Status words are Zendesk's (style guide part 3): `pending` waits for the customer,
`on_hold` waits for a third party, `solved` may come back, `closed` is final.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TicketType(models.TextChoices):
    CONSULTATION = "consultation", _("咨询")
    COMPLAINT = "complaint", _("投诉")
    AFTER_SALES = "after_sales", _("售后")
    PRAISE = "praise", _("表扬")
    OTHER = "other", _("其他")


class TicketStatus(models.TextChoices):
    NEW = "new", _("待受理")
    OPEN = "open", _("处理中")
    PENDING = "pending", _("等待客户")
    ON_HOLD = "on_hold", _("挂起")
    SOLVED = "solved", _("已解决")
    CLOSED = "closed", _("已关闭")


OPEN_STATUSES = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
PAUSED_STATUSES = (TicketStatus.PENDING, TicketStatus.ON_HOLD)


class Priority(models.TextChoices):
    LOW = "low", _("低")
    NORMAL = "normal", _("普通")
    HIGH = "high", _("高")
    URGENT = "urgent", _("紧急")


PRIORITY_ORDER = (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT)


class Severity(models.TextChoices):
    LOW = "low", _("轻微")
    MEDIUM = "medium", _("一般")
    HIGH = "high", _("严重")
    CRITICAL = "critical", _("特别严重")


class ChannelKind(models.TextChoices):
    API = "api", _("接口")
    WEB = "web", _("网页表单")
    EMAIL = "email", _("邮件")
    PHONE = "phone", _("电话")
    CHAT = "chat", _("在线接待")
    SOCIAL = "social", _("社交媒体")
    SHOP = "shop", _("店铺平台")
    WECHAT = "wechat", _("微信公众号")
    ONSITE = "onsite", _("现场")
    IMPORT = "import", _("导入")
    OTHER = "other", _("其他")


class MessageKind(models.TextChoices):
    CUSTOMER = "customer", _("客户消息")
    REPLY = "reply", _("回复")
    NOTE = "note", _("内部备注")
    AUTO = "auto", _("自动回复")


class DraftKind(models.TextChoices):
    REPLY = "reply", _("回复")
    NOTE = "note", _("内部备注")


class WaitingState(models.TextChoices):
    """What became of a reply that waited for its moment."""

    WAITING = "waiting", _("待发送")
    SENT = "sent", _("已发送")
    CANCELLED = "cancelled", _("已取消")
    FAILED = "failed", _("未能发送")


class NoticeKind(models.TextChoices):
    MENTIONED = "mentioned", _("有人提到您")
    CUSTOMER_WROTE_FIRST = "customer_wrote_first", _("客户先来信，定时回复已取消")
    REPLY_FAILED = "reply_failed", _("回复未能发送，内容已存为草稿")
    UNDELIVERED = "undelivered", _("回复未送达，请用其他方式联系客户")
    SNOOZE_OVER = "snooze_over", _("稍后处理的时间到了")
    CUSTOMER_WOKE = "customer_woke", _("客户来信，工单已回到列表")
    ABUSE_REPORTED = "abuse_reported", _("报告恶意攻击，请处理")
    TASK_UNSTAFFED = "task_unstaffed", _("流程任务所在部门无人，请安排")
    TASK_OVERDUE = "task_overdue", _("部门任务已超时")
    TASK_RETURNED = "task_returned", _("任务在部门间来回退回，请协调")
    TASK_GIVEN = "task_given", _("您的部门有新任务")
    TASK_WITHDRAWN = "task_withdrawn", _("部门任务已取消，不用再做")
    ESCALATED = "escalated", _("工单升级给您，请尽快接手")
    ESCALATION_LATE = "escalation_late", _("升级的工单超时无人接手")
    AFTERSALES_WARNED = "aftersales_warned", _("售后单时限快到了")
    AFTERSALES_OVERDUE = "aftersales_overdue", _("售后单已超时")
    AFTERSALES_RED_LINE = "aftersales_red_line", _("售后单临近十五日红线")
    AFTERSALES_SLOW_REPAIR = "aftersales_slow_repair", _("维修将满三十日，请告知客户可换货")
    FLOOR_OVERRIDDEN = "floor_overridden", _("有低于法定下限的例外，请复核")
    APPOINTMENT_GIVEN = "appointment_given", _("给您安排了上门服务")
    APPOINTMENT_MOVED = "appointment_moved", _("您的上门服务已改时间")
    APPOINTMENT_OFF = "appointment_off", _("您的上门服务已取消或转给同事")
    APPOINTMENT_CALL = "appointment_call", _("上门前一天：请打电话提醒客户")
    LEGAL_WARNED = "legal_warned", _("法定时限快到了")
    LEGAL_MISSED = "legal_missed", _("错过法定时限，请写明原因和补救")
    LEGAL_REVIEW = "legal_review", _("有工单提请法务复核")
    LEGAL_OPINION = "legal_opinion", _("法务复核已有意见")
    SAFETY_INCIDENT = "safety_incident", _("有产品安全事故，请判断是否召回")
    WATCHED_MESSAGE = "watched_message", _("关注的工单有新消息")
    BUDGET_WARNED = "budget_warned", _("本月补偿已用预算的 80%")
    BUDGET_SPENT = "budget_spent", _("本月补偿已用完预算")
    RELIEF_ASKED = "relief_asked", _("同事请求换人，请处理")
    RELIEF_GRANTED = "relief_granted", _("已为您换人，休息一下")
    RELIEF_DECLINED = "relief_declined", _("换人请求未获同意")


#: Told to departments, who may not see the ticket: these lead to the tasks and say nothing of the customer.
DEPARTMENT_NOTICES = (NoticeKind.TASK_GIVEN, NoticeKind.TASK_WITHDRAWN)


class Cause(models.TextChoices):
    """What brought a complaint about; several may have worked together."""

    QUALITY = "quality", _("商品质量")
    DESCRIPTION = "description", _("页面描述")
    LOGISTICS = "logistics", _("物流运输")
    SECURITY = "security", _("信息安全")
    PRICE = "price", _("价格与活动")
    PROCESS = "process", _("退换货流程")
    PEOPLE = "people", _("服务人员")
    SYSTEM = "system", _("系统故障")
    EXTERNAL = "external", _("外部因素")


class ImportState(models.TextChoices):
    """What becomes of one line of a file."""

    READY = "ready", _("可导入")
    KNOWN = "known", _("已有工单")
    WRONG = "wrong", _("有错误")
    IMPORTED = "imported", _("已导入")


class AbuseState(models.TextChoices):
    """Where a report of abuse stands."""

    REPORTED = "reported", _("待主管处理")
    CONFIRMED = "confirmed", _("已确认")
    REJECTED = "rejected", _("已驳回")
    EXPIRED = "expired", _("标记已到期")


class Metric(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("首次响应")
    NEXT_RESPONSE = "next_response", _("再次响应")
    RESOLUTION = "resolution", pgettext_lazy("metric", "解决")


#: Metrics whose clock stops while the ticket waits for the customer or a third party.
PAUSABLE_METRICS = (Metric.NEXT_RESPONSE, Metric.RESOLUTION)


class Action(models.TextChoices):
    ASSIGN = "assign", _("分派")
    RELEASE = "release", _("退回队列")
    MOVE = "move", _("转队列")
    WAIT = "wait", _("等待客户")
    HOLD = "hold", _("挂起")
    RESUME = "resume", _("恢复处理")
    SOLVE = "solve", _("解决")
    CLOSE = "close", _("关闭")
    REOPEN = "reopen", _("重开")
    ESCALATE = "escalate", _("升级")
    CANCEL = "cancel", _("撤销")


class Confirmation(models.TextChoices):
    """Why a solved ticket may be closed (capability C22)."""

    CUSTOMER = "customer", _("客户已确认")
    UNREACHABLE = "unreachable", _("三次联系未果")
    TIMEOUT = "timeout", _("超过七天无异议")
    MERGED = "merged", _("已合并")
    CANCELLED = "cancelled", _("已撤销")


class Stage(models.TextChoices):
    """The five stages a customer sees (capability B01)."""

    SUBMITTED = "submitted", _("已提交")
    ACCEPTED = "accepted", _("已受理")
    HANDLED = "handled", _("已处理")
    FEEDBACK = "feedback", _("已反馈")
    EVALUATED = "evaluated", _("已评价")
    CANCELLED = "cancelled", _("已撤销")


class NormStage(models.TextChoices):
    """The stages a service norm can be set for (capability B02); values are those of `Stage`."""

    ACCEPTED = "accepted", _("受理")
    HANDLED = "handled", _("处理")
    FEEDBACK = "feedback", _("反馈")
    EVALUATED = "evaluated", _("评价")


#: The stage whose target time a clock measures. The target itself stands in the SLA policy alone.
STAGE_OF_METRIC = {
    Metric.FIRST_RESPONSE: NormStage.ACCEPTED,
    Metric.NEXT_RESPONSE: NormStage.HANDLED,
    Metric.RESOLUTION: NormStage.HANDLED,
}


class NormUnit(models.TextChoices):
    """What a platform counts."""

    TURN = "turn", _("每轮问答")
    MESSAGE = "message", _("每条消息")
    CONVERSATION = "conversation", _("每日每会话")


class Confidence(models.TextChoices):
    """How sure we are of a rule: what is not confirmed starts switched off."""

    VERIFIED = "verified", _("已核实")
    PARTLY = "partly", _("部分核实")
    UNCONFIRMED = "unconfirmed", _("待确认")
    HOUSE = "house", _("本店设定")


class BreachKind(models.TextChoices):
    TIME = "time", _("时效")
    QUALITY = "quality", _("质量")
    AFTERSALES = "aftersales", _("售后时限")


class BreachSource(models.TextChoices):
    """Who found that a norm was not met."""

    CLOCK = "clock", _("时效时钟")
    CHECK = "check", _("自动检查")
    HAND = "hand", _("人工标记")


_S = TicketStatus
#: From a status, the actions that are allowed and the status they lead to. None keeps the status.
MOVES: dict[str, dict[str, str | None]] = {
    _S.NEW: {
        Action.ASSIGN: _S.OPEN,
        Action.MOVE: None,
        Action.WAIT: _S.PENDING,
        Action.HOLD: _S.ON_HOLD,
        Action.SOLVE: _S.SOLVED,
        Action.ESCALATE: None,
        Action.CANCEL: _S.CLOSED,
    },
    _S.OPEN: {
        Action.ASSIGN: _S.OPEN,
        Action.RELEASE: _S.NEW,
        Action.MOVE: None,
        Action.WAIT: _S.PENDING,
        Action.HOLD: _S.ON_HOLD,
        Action.SOLVE: _S.SOLVED,
        Action.ESCALATE: None,
        Action.CANCEL: _S.CLOSED,
    },
    _S.PENDING: {
        Action.ASSIGN: None,
        Action.MOVE: None,
        Action.HOLD: _S.ON_HOLD,
        Action.RESUME: _S.OPEN,
        Action.SOLVE: _S.SOLVED,
        Action.ESCALATE: None,
        Action.CANCEL: _S.CLOSED,
    },
    _S.ON_HOLD: {
        Action.ASSIGN: None,
        Action.MOVE: None,
        Action.WAIT: _S.PENDING,
        Action.RESUME: _S.OPEN,
        Action.SOLVE: _S.SOLVED,
        Action.ESCALATE: None,
        Action.CANCEL: _S.CLOSED,
    },
    _S.SOLVED: {Action.CLOSE: _S.CLOSED, Action.REOPEN: _S.OPEN},
    _S.CLOSED: {Action.REOPEN: _S.OPEN},
}


@dataclass(frozen=True)
class StatusMeta:
    """How a status looks and whether its clocks run."""

    tone: str
    icon: str
    is_open: bool
    is_paused: bool


STATUS_META: dict[str, StatusMeta] = {
    _S.NEW: StatusMeta("blue", "inbox", True, False),
    _S.OPEN: StatusMeta("green", "player-play", True, False),
    _S.PENDING: StatusMeta("yellow", "hourglass", True, True),
    _S.ON_HOLD: StatusMeta("orange", "player-pause", True, True),
    _S.SOLVED: StatusMeta("teal", "check", False, False),
    _S.CLOSED: StatusMeta("gray", "lock", False, False),
}


class CompensationForm(models.TextChoices):
    """How the customer gets it."""

    TRANSFER = "transfer", _("小额打款")
    COUPON = "coupon", _("优惠券")
    POINTS = "points", _("积分")


class CompensationStatus(models.TextChoices):
    PENDING = "pending", _("待审批")
    GRANTED = "granted", _("待打款")
    PAID = "paid", _("已打款")
    REJECTED = "rejected", _("已驳回")
    EXPIRED = "expired", _("已过期")
    FAILED = "failed", _("打款失败")
    REVERSED = "reversed", _("已冲正")


#: Promised or paid: what may still cost money. A failed payment is tried again.
COMPENSATION_STANDING = ("pending", "granted", "paid", "failed")
#: Decided for: what a month cost, paid already or not.
COMPENSATION_COST = ("granted", "paid", "failed")


class LinkKind(models.TextChoices):
    """How two tickets belong together."""

    RELATED = "related", _("相关")
    PARENT = "parent", _("上级工单")
    SPLIT = "split", _("拆分自")


class TransferState(models.TextChoices):
    DONE = "done", _("已转接")
    WAITING = "waiting", _("待主管确认")
    REFUSED = "refused", _("未确认")


#: From this transfer of a ticket on, a supervisor confirms it and it counts as a defect of the process (B15).
CONFIRMED_TRANSFER = 3
