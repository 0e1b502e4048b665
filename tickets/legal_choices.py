"""Words of legal cases, statutory deadlines, evidence and investigations."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Authority(models.TextChoices):
    """Who a dispute lies before."""

    SAMR = "12315", _("12315（市场监管）")
    PLATFORM = "platform", _("平台介入")
    ASSOCIATION = "association", _("消费者协会")
    ODR = "odr", _("12315 在线和解（ODR）")
    COURT = "court", _("法院")


class Matter(models.TextChoices):
    """A complaint and a report in one paper are two records (P-07)."""

    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")


class CaseEvent(models.TextChoices):
    """What may happen to a case; periods begin at these."""

    RECEIVED = "received", _("收到通知")
    ACCEPTED = "accepted", _("机关受理")
    EVIDENCE_REQUESTED = "evidence_requested", _("要求补充举证")
    DECIDED = "decided", _("作出决定")
    ENDED = "ended", _("平台结案")
    TALKS = "talks", _("双方自行协商，平台暂停")
    COURT_DECLARED = "court_declared", _("声明已起诉")
    POLICE_DECLARED = "police_declared", _("声明已报警")
    INCIDENT = "incident", _("舆情或监管事件")
    APPRAISAL_BEGAN = "appraisal_began", _("送检鉴定开始")
    APPRAISAL_ENDED = "appraisal_ended", _("送检鉴定结束")
    BEGAN = "began", _("事项发生")


class CaseState(models.TextChoices):
    OPEN = "open", _("办理中")
    CLOSED = "closed", _("已结案")


class CaseOutcome(models.TextChoices):
    SETTLED = "settled", _("和解")
    WITHDRAWN = "withdrawn", _("对方撤回")
    UPHELD = "upheld", _("支持消费者")
    REJECTED = "rejected", _("不支持消费者")
    REFERRED = "referred", _("转其他机关")


class ClockKind(models.TextChoices):
    """How the time of a period runs."""

    NATURAL = "natural", _("自然日")
    WORKING = "working", _("工作日")
    BUSINESS = "business", _("营业时间")
    WINDOW = "window", _("每日时段")


class PeriodUnit(models.TextChoices):
    HOURS = "hours", pgettext_lazy("unit", "小时")
    DAYS = "days", pgettext_lazy("unit", "天")
    MONTHS = "months", pgettext_lazy("unit", "个月")


class EvidenceKind(models.TextChoices):
    CONVERSATION = "conversation", _("会话记录")
    ORDER = "order", _("订单记录")
    LOGISTICS = "logistics", _("物流记录")
    PAGE = "page", _("页面快照")
    FILE = "file", _("文件")


class InvestigationState(models.TextChoices):
    OPEN = "open", _("调查中")
    CONCLUDED = "concluded", _("已有结论")


class EntryKind(models.TextChoices):
    QUESTION = "question", _("问题")
    STATEMENT = "statement", _("陈述")


class Speaker(models.TextChoices):
    """Who made a statement."""

    CUSTOMER = "customer", _("客户")
    STAFF = "staff", _("员工")
    MERCHANT = "merchant", _("商家")
    CARRIER = "carrier", _("承运商")
    OTHER = "other", _("其他")
