"""The shop: what it sells and where, its queues, calendars, promises and rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.calendars.models import BusinessCalendar, PublicHolidayYear
from core.calendars.services import HoursInput, load_public_holidays, save_calendar
from crm.staff.models import User
from crm.workbench.demo.norms import meet_platforms, open_chat, set_norms
from customers.choices import ShopPlatform
from customers.models import Shop, Tag
from customers.services import save_shop, save_tag, save_tag_group
from tickets import configuration
from tickets.choices import ChannelKind, Metric, Priority
from tickets.models import Channel, Queue, RoutingRule
from tickets.services import rules

HOUR = 3600


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    price: int
    kind: str = "soft"
    colors: tuple[str, ...] = ("奶白", "雾蓝", "豆沙")
    sizes: tuple[str, ...] = ("200×230", "220×240")


FADING = Product("MHT-4J-YUN", "云朵磨毛四件套", 269, "bed", ("酒红", "藏青", "奶白"))
HEATER = Product("MHT-NS-02", "奶油暖手宝", 89, "hard", ("奶黄", "粉白"), ("标准",))
FADING_BATCH = "2610A"
PRODUCTS = (
    FADING,
    HEATER,
    Product("MHT-4J-CM60", "长绒棉四件套", 399, "bed"),
    Product("MHT-B-YR95", "九五白鹅绒被", 1299, "bed", ("米白",)),
    Product("MHT-B-DD", "大豆纤维被", 239, "bed", ("米白", "浅灰")),
    Product("MHT-Z-RJ", "乳胶枕", 169, "soft", ("米白",), ("高枕", "低枕")),
    Product("MHT-Z-QM", "荞麦枕", 79, "soft", ("米色",), ("标准",)),
    Product("MHT-T-SHR", "珊瑚绒毛毯", 129, "soft", ("奶咖", "雾蓝", "豆沙"), ("150×200", "200×230")),
    Product("MHT-D-JJ", "夹棉床笠", 149, "bed", ("奶白", "浅灰"), ("1.5 米", "1.8 米")),
    Product("MHT-D-FS", "防水床笠", 119, "bed", ("白色",), ("1.5 米", "1.8 米")),
    Product("MHT-M-A", "长绒棉浴巾", 69, "soft", ("奶白", "雾粉"), ("70×140",)),
    Product("MHT-M-B", "纱布毛巾三条装", 39, "soft", ("混色",), ("34×76",)),
    Product("MHT-C-ZL", "真空收纳袋", 59, "hard", ("透明",), ("大号", "特大号")),
    Product("MHT-C-XG", "棉麻收纳箱", 49, "hard", ("原色", "浅灰"), ("小号", "大号")),
    Product("MHT-L-01", "折叠护眼台灯", 159, "hard", ("白色", "浅绿"), ("标准",)),
    Product("MHT-H-JS", "静音加湿器", 199, "hard", ("白色",), ("标准",)),
    Product("MHT-P-JJ", "加厚法兰绒家居服", 139, "soft", ("奶咖", "雾粉"), ("M", "L", "XL")),
    Product("MHT-S-ML", "慢回弹坐垫", 79, "soft", ("浅灰", "墨绿"), ("标准",)),
    Product("MHT-Y-01", "遮光窗帘", 219, "soft", ("燕麦", "浅灰"), ("2×2.7 米", "3×2.7 米")),
    Product("MHT-K-4", "竹纤维抹布十条装", 19, "soft", ("混色",), ("30×30",)),
)

SHOPS = (
    ("mht-taobao", "棉花糖家居旗舰店", ShopPlatform.TAOBAO),
    ("mht-jd", "棉花糖家居京东旗舰店", ShopPlatform.JD),
    ("mht-douyin", "棉花糖家居抖音小店", ShopPlatform.DOUYIN),
    ("mht-pdd", "棉花糖家居拼多多店", ShopPlatform.PDD),
    ("mht-own", "棉花糖家居官网", ShopPlatform.OWN),
)
CHANNELS = (
    ("taobao", "淘宝", ChannelKind.SHOP, "mht-taobao"),
    ("jd", "京东", ChannelKind.SHOP, "mht-jd"),
    ("douyin", "抖音", ChannelKind.SHOP, "mht-douyin"),
    ("pdd", "拼多多", ChannelKind.SHOP, "mht-pdd"),
    ("web", "网页表单", ChannelKind.WEB, "mht-own"),
    ("email", "邮件", ChannelKind.EMAIL, ""),
    ("phone", "电话", ChannelKind.PHONE, ""),
    ("chat", "在线接待", ChannelKind.CHAT, "mht-own"),
    ("wechat", "微信", ChannelKind.SOCIAL, "mht-own"),
    ("api", "开放接口", ChannelKind.API, ""),
    ("other", "其他", ChannelKind.OTHER, ""),
)
#: The shop in which buyers of a channel buy.
SHOP_OF_CHANNEL = {key: shop or "mht-own" for key, _name, _kind, shop in CHANNELS}
QUEUES = (
    ("refund", "退款退货"),
    ("logistics", "物流配送"),
    ("quality", "商品质量"),
    ("product", "商品咨询"),
    ("order", "订单问题"),
    ("price_promo", "价格优惠"),
    ("invoice", "发票"),
    ("chat", "在线咨询"),
    ("emotion", "投诉与情绪"),
)

_COMPLAINT = {"field": "type", "op": "eq", "value": "complaint"}
_CRITICAL = {"field": "severity", "op": "eq", "value": "critical"}
_URGENT = {"field": "priority", "op": "eq", "value": "urgent"}
_IMPORTANT = {"field": "customer.important", "op": "eq", "value": True}
_CHAT = {"field": "channel", "op": "eq", "value": "chat"}


@dataclass(frozen=True)
class Promise:
    """A policy in words: seconds of its calendar for first response, next response and resolution.

    A day of the service hours has 15 hours, one of the office hours 8. Urgent tickets get a share.
    """

    name: str
    calendar: str
    condition: dict[str, Any]
    first: int
    following: int
    solved: int
    urgent_share: int = 2

    def targets(self) -> list[dict[str, Any]]:
        spans = {
            Metric.FIRST_RESPONSE: self.first,
            Metric.NEXT_RESPONSE: self.following,
            Metric.RESOLUTION: self.solved,
        }
        return [
            {
                "priority": priority,
                "metric": metric,
                "seconds": seconds // (self.urgent_share if priority == Priority.URGENT else 1),
            }
            for priority in Priority
            for metric, seconds in spans.items()
        ]


PROMISES = (
    # The grave ones are urgent as a rule: their targets are meant as they stand.
    Promise("严重投诉", "全天候", {"all": [_COMPLAINT, {"any": [_URGENT, _CRITICAL]}]}, 900, 1800, 72 * HOUR, 1),
    Promise("投诉", "客服时间", _COMPLAINT, 2 * HOUR, 2 * HOUR, 7 * 15 * HOUR),
    Promise("重要客户", "客服时间", _IMPORTANT, 1800, 1800, 15 * HOUR),
    Promise("在线接待", "客服时间", _CHAT, 180, 180, 2 * 15 * HOUR),
    Promise("标准", "工作时间", {}, 2 * HOUR, 4 * HOUR, 3 * 8 * HOUR),
)
ROUTES: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("特别严重投诉直达投诉组", {"all": [_COMPLAINT, _CRITICAL]}, "emotion", "urgent"),
    ("重要客户投诉优先", {"all": [_COMPLAINT, _IMPORTANT]}, "emotion", "high"),
    ("发票问题", {"field": "body", "op": "matches", "value": "发票|开票|税号"}, "invoice", ""),
    ("大客户与合作", {"field": "type", "op": "eq", "value": "other"}, "default", ""),
)


@dataclass(frozen=True)
class Furnished:
    shops: dict[str, Shop]
    queues: dict[str, Queue]
    tags: dict[str, Tag]
    calendars: dict[str, BusinessCalendar]


def furnish(*, actor: User, until: datetime) -> Furnished:
    """Set the shop up. `until` is the last moment its calendars must know."""
    shops = {
        key: save_shop(shop=None, actor=actor, changes={"key": key, "name": name, "platform": platform})
        for key, name, platform in SHOPS
    }
    configuration.forget()
    for key, name, kind, shop in CHANNELS:
        channel = Channel.objects.filter(key=key).first()
        channel = rules.save_channel(channel=channel, actor=actor, key=key, name=name, kind=kind, shop=shop)
        if kind == ChannelKind.CHAT:
            open_chat(channel=channel, actor=actor)
    meet_platforms(actor=actor)
    queues = make_queues(actor)
    calendars = make_calendars(actor, until)
    make_policies(actor, calendars)
    set_norms(actor=actor)
    for position, (name, condition, queue, priority) in enumerate(ROUTES, start=1):
        values = {"name": name, "condition": condition, "queue": queues[queue], "priority": priority}
        rules.save_rule(rule=None, actor=actor, values={**values, "position": position * 10})
    configuration.forget()
    return Furnished(shops, queues, make_tags(actor), calendars)


def make_queues(actor: User) -> dict[str, Queue]:
    """The queues triage names, and the default one; rows that are there already are taken over."""
    known = {queue.key: queue for queue in Queue.objects.all()}
    named = {
        key: rules.save_queue(queue=known.get(key), actor=actor, key=key, name=name, position=index * 10)
        for index, (key, name) in enumerate(QUEUES, start=1)
    }
    standing = Queue.objects.filter(is_default=True).first()
    default = rules.save_queue(
        queue=standing, actor=actor, key="default", name="默认队列", position=999, is_default=True
    )
    return {**named, "default": default}


def make_calendars(actor: User, until: datetime) -> dict[str, BusinessCalendar]:
    """Office hours by the public calendar, service hours every day, and round the clock.

    Where the public days of the coming weeks are not announced yet, office hours go by weekdays alone.
    """
    if not PublicHolidayYear.objects.exists():
        load_public_holidays(actor=actor)
    known = PublicHolidayYear.objects.filter(year=(until + timedelta(days=60)).year).exists()
    office = [HoursInput(day, opens * 60, closes * 60) for day in range(5) for opens, closes in ((9, 12), (13, 18))]
    service = [HoursInput(day, 8 * 60, 23 * 60) for day in range(7)]
    always = [HoursInput(day, 0, 24 * 60) for day in range(7)]
    made = {}
    for name, hours, holidays in (
        ("工作时间", office, "CN" if known else None),
        ("客服时间", service, None),
        ("全天候", always, None),
    ):
        calendar = BusinessCalendar.objects.filter(name=name).first()
        made[name] = save_calendar(actor=actor, calendar=calendar, name=name, hours=hours, holidays=holidays)
    return made


def make_policies(actor: User, calendars: dict[str, BusinessCalendar]) -> None:
    for position, promise in enumerate(PROMISES, start=1):
        values = {
            "name": promise.name,
            "position": position * 10,
            "condition": promise.condition,
            "calendar": calendars[promise.calendar],
            "targets": promise.targets(),
        }
        rules.save_policy(policy=None, actor=actor, values=values)


def watch_batch(*, actor: User, queue: Queue) -> RoutingRule:
    """The rule a supervisor adds when the fading of one batch shows."""
    both = [
        {"field": "product", "op": "eq", "value": FADING.sku},
        {"field": "batch", "op": "eq", "value": FADING_BATCH},
    ]
    values = {
        "name": f"{FADING_BATCH} 批次掉色集中处理",
        "condition": {"all": both},
        "queue": queue,
        "priority": "high",
    }
    rule = rules.save_rule(rule=None, actor=actor, values={**values, "position": 5})
    configuration.forget()
    return rule


def make_tags(actor: User) -> dict[str, Tag]:
    """Labels by name: customer types exclude each other, risks and interests do not, two follow rules."""
    types = save_tag_group(group=None, actor=actor, name="客户类型", is_exclusive=True)
    risks = save_tag_group(group=None, actor=actor, name="服务提示", is_exclusive=False)
    likes = save_tag_group(group=None, actor=actor, name="偏好", is_exclusive=False)
    made = {}
    for group, names in (
        (types, ("新客", "老客户", "企业采购", "争议客户")),
        (risks, ("重复投诉", "易破损地址", "只接短信")),
        (likes, ("母婴", "送礼", "浅色系", "大床房")),
    ):
        for name in names:
            made[name] = save_tag(tag=None, actor=actor, changes={"name": name, "group": group})
    for name, field, op, value in (
        ("高价值客户", "paid_total", "gte", 1500),
        ("多次购买", "order_count", "gte", 3),
    ):
        condition = {"field": field, "op": op, "value": value}
        made[name] = save_tag(
            tag=None, actor=actor, changes={"name": name, "kind": "rule", "condition": condition, "colour": "violet"}
        )
    return made
