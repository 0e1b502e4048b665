"""Statutory and platform periods as they are known: the values every rule starts with.

Numbers that are only remembered start switched off, until somebody confirms them. All of it can be edited;
a running deadline keeps the number it began with.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from tickets.legal.periods import HOURS, MONTHS, WINDOW, WORKING, Period

#: When these were looked at; they are to be looked at again a year later.
CHECKED_ON = date(2026, 11, 1)
VERIFIED, PARTLY, UNCONFIRMED, HOUSE = "verified", "partly", "unconfirmed", "house"
_JD = "京东开放平台交易纠纷处理总则（2025-07-04）"
_JD_GOODS = "商品类问题纠纷处理标准（2026-06-15）"
_TAOBAO = "淘宝平台争议处理规则（2025-08-15）"
_PENALTY = "侵害消费者权益行为处罚办法"
_CRPL = "消费者权益保护法"
_REGULATION = "消费者权益保护法实施条例"


@dataclass(frozen=True)
class RulePreset:
    """One rule. `starts`: the event at which it begins; `provisional`: the event by which it is reckoned until
    that one is known. `warns`: after how much of the period, in its unit. `is_ours`: our duty, not another's.
    `authorities` empty: for matters on a ticket, begun by hand or by another part of the product."""

    code: str
    title: str
    period: Period
    starts: str
    confidence: str
    source: str
    article: str = ""
    warns: tuple[int, ...] = ()
    authorities: tuple[str, ...] = ()
    platform: str = ""
    provisional: str = ""
    is_ours: bool = True

    @property
    def is_active(self) -> bool:
        return self.confidence != UNCONFIRMED


def _hours(amount: int) -> Period:
    return Period(amount, HOURS)


def _days(amount: int) -> Period:
    return Period(amount)


def _working(amount: int) -> Period:
    return Period(amount, clock=WORKING)


_AUTHORITY = (
    RulePreset(
        "authority.reply",
        "向机关书面答复（通知另有期限的从其期限）",
        _working(2),
        "received",
        HOUSE,
        "本店设定",
        warns=(1,),
        authorities=("12315", "association", "court"),
    ),
    RulePreset(
        "authority.accept",
        "机关处理投诉并告知",
        _working(7),
        "received",
        VERIFIED,
        _CRPL,
        "第四十六条；实施条例第四十六条",
        authorities=("12315",),
        is_ours=False,
    ),
    RulePreset(
        "authority.mediation",
        "调解办结（鉴定时间除外）",
        _days(60),
        "accepted",
        VERIFIED,
        _REGULATION,
        "第四十六条；市场监督管理投诉举报处理办法第二十三条",
        warns=(45,),
        authorities=("12315",),
        provisional="received",
        is_ours=False,
    ),
    RulePreset(
        "odr.settle",
        "与消费者在线和解",
        _working(10),
        "received",
        PARTLY,
        "全国 12315 平台在线消费纠纷解决企业须知",
        warns=(7,),
        authorities=("odr",),
    ),
)
#: Whose rule book a platform's rules stand in; the word in the middle of a code names the platform.
_RULE_BOOKS = {"jd": _JD, "taobao": _TAOBAO}


def _of_platform(code: str, title: str, period: Period, starts: str, **more: Any) -> RulePreset:
    platform = code.split(".")[1]
    return RulePreset(
        code, title, period, starts, VERIFIED, _RULE_BOOKS[platform],
        authorities=("platform",), platform=platform, **more,
    )  # fmt: skip


_PLATFORM = (
    _of_platform("dispute.jd.reply", "答复纠纷单（和解或举证）", _hours(24), "received", warns=(12, 20)),
    _of_platform(
        "dispute.jd.evidence",
        "补充举证",
        Period(4, HOURS, WINDOW, 9 * 60, 18 * 60),
        "evidence_requested",
        warns=(2,),
        provisional="received",
    ),
    _of_platform("dispute.jd.execute", "执行平台决定", _hours(24), "decided", warns=(12,)),
    _of_platform("dispute.jd.appeal", "对结果申诉", _days(7), "ended", warns=(5,), is_ours=False),
    _of_platform("opinion.jd.first", "舆情或监管事件：首次反馈", _hours(2), "incident", warns=(1,)),
    _of_platform("opinion.jd.facts", "舆情或监管事件：查清事实", _hours(12), "incident", warns=(6,)),
    _of_platform("opinion.jd.solution", "舆情或监管事件：商定方案", _hours(24), "incident", warns=(12,)),
    _of_platform("opinion.jd.documents", "舆情或监管事件：提交材料", _days(3), "incident", warns=(2,)),
    _of_platform("dispute.taobao.talks", "自行协商暂停后继续处理", _days(30), "talks", warns=(25,)),
    _of_platform("dispute.taobao.court", "提交法院受理证明", _working(7), "court_declared", warns=(5,)),
    _of_platform("dispute.taobao.police", "提交公安受理证明", _working(7), "police_declared", warns=(5,)),
    _of_platform(
        "dispute.taobao.police_result", "公安仍无结论时由平台处理", Period(6, MONTHS), "police_declared", is_ours=False
    ),
)
_TICKET = (
    RulePreset(
        "refund.unreceived", "未发货退款", _hours(48), "began", UNCONFIRMED, "平台规则，以商家后台为准", warns=(24,)
    ),
    RulePreset("return.address", "提供退货地址", _hours(24), "began", HOUSE, "本店设定", warns=(12,)),
    RulePreset(
        "refund.after_receipt", "收到退货后退款", _days(7), "began", VERIFIED, _CRPL,
        "第二十五条；七日无理由退货暂行办法第十三条", warns=(5,),
    ),
    RulePreset(
        "refund.redline", "故意拖延红线（退货、退款、修理、更换、赔偿）", _days(15), "began", VERIFIED, _PENALTY,
        "第八条、第九条", warns=(10, 13),
    ),
    RulePreset("quality.review.jd", "质量问题审核服务单", _hours(48), "began", VERIFIED, _JD_GOODS, warns=(24,)),
    RulePreset("repair.max", "修理完成", _days(30), "began", VERIFIED, _JD_GOODS, warns=(20, 25)),
    RulePreset("exchange.reship", "换货重新发出", _hours(72), "began", VERIFIED, _JD_GOODS, warns=(48,)),
    RulePreset("express.claim", "快递企业处理投诉并告知", _days(7), "began", VERIFIED, "快递暂行条例", "第二十八条",
               warns=(5,), is_ours=False),
    RulePreset("ship.promise", "发货（订单另有承诺的从其承诺）", _hours(48), "began", UNCONFIRMED,
               "平台规则，以商家后台为准", warns=(36,)),
    RulePreset(
        "recall.serious", "消费品召回：严重情形报告", _working(2), "began", PARTLY, "消费品召回管理暂行规定", warns=(1,)
    ),
    RulePreset("safety.report", "危及人身财产安全的缺陷：报告主管部门、告知消费者", _hours(24), "began", HOUSE, _CRPL,
               "第十九条；实施条例第八条（立即；24 小时为本店目标）", warns=(2, 12)),
    RulePreset("breach.cac", "较大以上网络安全事件报告网信部门", _hours(4), "began", VERIFIED,
               "国家网络安全事件报告管理办法", "第四条", warns=(1, 2, 3)),
    RulePreset("breach.persons", "个人信息泄露通知个人", _hours(24), "began", HOUSE, "个人信息保护法",
               "第五十七条（立即；24 小时为本店目标）", warns=(12,)),
    RulePreset("flaw.report", "危害国家安全、公共利益的漏洞报告", _hours(24), "began", VERIFIED,
               "网络数据安全管理条例", "第十条", warns=(12,)),
    RulePreset("rights.request", "答复个人信息权利请求", _working(15), "began", HOUSE, "个人信息保护法", "第五十条",
               warns=(10,)),
)  # fmt: skip
PRESETS: tuple[RulePreset, ...] = (*_AUTHORITY, *_PLATFORM, *_TICKET)
BY_CODE = {preset.code: preset for preset in PRESETS}

#: What may be recorded on a case before whom; everything else is refused by name.
EVENTS: dict[str, tuple[str, ...]] = {
    "12315": ("accepted", "evidence_requested", "appraisal_began", "appraisal_ended", "decided"),
    "association": ("accepted", "evidence_requested", "appraisal_began", "appraisal_ended", "decided"),
    "odr": ("decided",),
    "court": ("accepted", "evidence_requested", "appraisal_began", "appraisal_ended", "decided"),
    "platform": (
        "evidence_requested", "decided", "ended", "talks", "court_declared", "police_declared", "incident",
    ),
}  # fmt: skip
#: These happen once; a second notice to bring evidence is a new one.
REPEATABLE = frozenset({"evidence_requested", "appraisal_began", "appraisal_ended", "talks", "incident"})
#: Platforms that share one rule book.
SAME_RULES = {"tmall": "taobao"}
#: By whose rules a platform dispute is reckoned when nobody said which platform: the strictest known.
UNKNOWN_PLATFORM = "jd"
