"""What people say: topics with their variants, and the picking of words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from crm.workbench.demo.buyers import CITIES
from crm.workbench.demo.dice import Dice
from crm.workbench.demo.shop import Product
from crm.workbench.demo.texts import load
from scripts_library.placeholders import render

FILES = ("topics_after_sales", "topics_before", "topics_complaints")
EVERYWHERE = ("taobao", "jd", "douyin", "pdd", "web", "wechat", "phone", "email", "chat", "api")
CARRIERS = ("顺丰", "圆通", "中通", "韵达", "极兔", "京东快递")
GREETINGS = ("", "", "", "你好，", "您好，", "亲，", "在吗？", "客服您好，", "麻烦问下，")
ENDINGS = {
    "calm": ("", "", "", "谢谢", "麻烦了", "辛苦啦"),
    "upset": ("", "", "麻烦快一点处理", "等回复", "有点失望"),
    "angry": ("", "等你们答复", "别再敷衍我了", "今天就要答复"),
    "happy": ("", "爱了", "下次还来"),
}
THANKS = ("好的谢谢", "收到，谢谢", "谢谢您", "好的", "多谢", "嗯嗯，好的")
EDITED = ("我这边给您做了加急标记。", "有进展我会第一时间告诉您。", "给您添麻烦了。", "请您放心。")
COMMENTS = {
    5: ("客服很耐心，处理也快", "没想到当天就解决了", "态度很好，点赞", "专业，说到做到"),
    4: ("处理结果满意，就是等得有点久", "还不错", "可以的"),
    3: ("问题解决了，但是来回沟通太多次", "一般吧", "希望流程再简单一点"),
    2: ("等了两天才有人回", "方案勉强接受", "同样的话说了好几遍"),
    1: ("根本没解决就关了", "回复太慢，体验很差", "不会再买了"),
}
REASONS = {
    5: ("quick", "kind", "solved"),
    4: ("kind", "solved"),
    3: ("solved", "slow"),
    2: ("slow", "unfair"),
    1: ("unsolved", "slow", "rude"),
}


@dataclass(frozen=True)
class Topic:
    """A matter customers write about, with variants of every turn."""

    key: str
    weight: int
    stage: str
    mood: str
    facts: Sequence[str]
    asks: Sequence[str]
    first: Sequence[str]
    talk: Sequence[Sequence[str]]
    result: Sequence[str]
    notes: Sequence[str]
    objection: Sequence[str]
    channels: Sequence[str] = EVERYWHERE
    pause: str = ""
    pause_reason: str = ""
    supply: Sequence[str] = ()
    type: str = ""
    priority: str = ""
    goods: Sequence[str] = ("bed", "soft", "hard")

    @property
    def has_order(self) -> bool:
        return self.stage != "none"


@cache
def topics() -> dict[str, Topic]:
    """Every topic by key."""
    rows = (row for name in FILES for row in load(name)["topic"])
    return {row["key"]: Topic(**row) for row in rows}


class Wording:
    """The words of one conversation, drawn once: the same order, carrier and amount throughout."""

    def __init__(self, *, dice: Dice, topic: Topic, product: Product, order_no: str, amount: Any) -> None:
        self.dice = dice
        self.topic = topic
        self.slots: dict[str, Any] = {
            "p": product.name,
            "o": order_no,
            "a": amount,
            "d": dice.number(2, 6),
            "n": dice.number(2, 5),
            "c": dice.one_of(CARRIERS),
            "t": f"{dice.one_of(('SF', 'YT', 'ZT', 'JT'))}{dice.number(10**11, 10**12 - 1)}",
            "color": dice.one_of(product.colors),
            "size": dice.one_of(product.sizes),
            "city": dice.one_of(CITIES),
        }
        self._talk = dice.shuffled(topic.talk)

    def fill(self, text: str) -> str:
        return text.format_map(self.slots)

    def opening(self, *, greeted: bool = True) -> str:
        """How the customer begins: a greeting perhaps, what happened, what they want."""
        fact = self.fill(self.dice.one_of(self.topic.facts))
        ask = self.fill(self.dice.one_of(self.topic.asks))
        ending = self.dice.one_of(ENDINGS[self.topic.mood])
        greeting = self.dice.one_of(GREETINGS) if greeted and self.topic.key != "greeting" else ""
        parts = [part for part in (f"{greeting}{fact}", ask, ending) if part]
        text = ""
        for part in parts:
            text += ("，" if text and text[-1] not in "，。！？" else "") + part
        return text if text[-1] in "。！？" or self.dice.chance(0.5) else f"{text}。"

    def exchange(self) -> tuple[str, str] | None:
        """The next question of the customer with the agent's answer; None when all has been said."""
        if not self._talk:
            return None
        asked, answered = self._talk.pop()
        return self.fill(asked), self.fill(answered)

    def placeholder_values(self, names: Mapping[str, str]) -> dict[str, str]:
        """Values for the placeholders of a script; `names` are those that only the ticket knows."""
        slots = self.slots
        return {
            "order_no": slots["o"] or "（以页面为准）",
            "product_name": slots["p"],
            "amount": f"{slots['n']}0.00",
            "refund_amount": str(slots["a"]),
            "compensation_amount": "10",
            "refund_days": f"{slots['n']}",
            "carrier": slots["c"],
            "tracking_no": slots["t"],
            "delivery_date": f"{slots['d']} 天后",
            "deadline": "今天 20:00",
            "solution": "全额退款并补偿无门槛券，责任同事已复盘",
            **names,
        }


def fill_script(body: str, values: Mapping[str, str]) -> str:
    """The script with every placeholder filled; it must not miss any."""
    rendered = render(body, values)
    if rendered.missing:
        raise KeyError(f"No words for {rendered.missing}.")
    return rendered.text
