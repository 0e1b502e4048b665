"""What the shop asks of every stage besides its times."""

from typing import Any

from crm.staff.models import User
from customers.choices import ShopPlatform
from tickets.choices import NormStage
from tickets.models import Channel
from tickets.services.chat.visitors import save_settings
from tickets.services.norms.configuring import save_norm
from tickets.services.platform_norms import configuring

DAY = 86_400


def _is(field: str, value: Any, op: str = "eq") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


#: Stage, quality item, what people read, what is checked, own target time in seconds.
NORMS: tuple[tuple[str, str, str, dict[str, Any], int | None], ...] = (
    (
        NormStage.ACCEPTED,
        "首次回复：先问候，不失礼",
        "首次回复称呼客户或问候，占位符填好，不出现不文明用语。",
        {"all": [_is("reply.greets", True), _is("placeholders", 0), _is("insults", 0)]},
        None,
    ),
    (
        NormStage.ACCEPTED,
        "首次回复：有同理心",
        "首次回复体谅客户的感受，复述客户的问题，并承诺答复的时间。",
        {"all": [_is("reply.acknowledges", True), _is("reply.restates", True), _is("reply.commits", True)]},
        None,
    ),
    (
        NormStage.HANDLED,
        "处理：少转接，句句有回应",
        "转接不超过两次，解决时客户的话都有回复。",
        {"all": [_is("transfers", 2, "lte"), _is("unanswered", 0)]},
        None,
    ),
    (
        NormStage.HANDLED,
        "处理：不问已知的",
        "不再向客户询问已经提供过的手机号、订单号、地址、姓名。",
        _is("asked_again", 0),
        None,
    ),
    (
        NormStage.FEEDBACK,
        "反馈：说清结果",
        "告诉客户处理的结果；解决后一天之内必须反馈。",
        {"all": [_is("replies", 1, "gte"), _is("reply.length", 10, "gte")]},
        DAY,
    ),
    (
        NormStage.EVALUATED,
        "评价：邀请到位",
        "关闭前已发出评价邀请；客户要求免打扰的除外。",
        _is("survey.sent", True),
        DAY,
    ),
)


def set_norms(*, actor: User) -> None:
    """The quality items of every stage."""
    for stage, name, standard, requirement, seconds in NORMS:
        values = {"stage": stage, "name": name, "standard": standard, "requirement": requirement, "seconds": seconds}
        save_norm(norm=None, actor=actor, values=values)


#: Where the shop sells, and the measure there that its admin looked up and switched on.
PLATFORM_MEASURES = {
    ShopPlatform.TAOBAO: "3分钟人工回复率",
    ShopPlatform.JD: "",
    ShopPlatform.DOUYIN: "3分钟人工回复率",
    ShopPlatform.PDD: "",
}


def meet_platforms(*, actor: User) -> None:
    """What each platform asks, as its preset says it; of two the admin has confirmed the reply rate."""
    for platform, confirmed in PLATFORM_MEASURES.items():
        for norm in configuring.load_presets(platform=platform, actor=actor):
            if norm.name == confirmed and not norm.is_active:
                configuring.save_norm(norm=norm, actor=actor, values={"is_active": True})


def open_chat(*, channel: Channel, actor: User) -> None:
    """The chat window of the shop's own site: the bot answers first, a person follows."""
    values = {
        "origins": ["https://www.mianhuatang.example"],
        "title": "棉花糖家居客服",
        "acknowledgement": "您好，已收到您的消息，客服马上回复。",
        "is_bot_on": True,
    }
    save_settings(channel=channel, actor=actor, values=values)
