"""Customers of the shop and what they bought. Names and numbers are invented: 1990000 begins them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm.workbench.demo.dice import Dice
from crm.workbench.demo.shop import SHOP_OF_CHANNEL, Product
from customers.choices import ConsentChannel, ConsentDecision, ConsentPurpose, OrderStatus
from customers.models import Customer, Order, Shop
from customers.services import create_customer, record_consent, upsert_order
from tickets.services.intake import CustomerGiven

SURNAMES = "陈林周沈顾何罗韩唐吴许叶程宋陆江温简黎舒"
GIVEN = (
    "念安",
    "知微",
    "予安",
    "书瑶",
    "子衿",
    "清和",
    "若溪",
    "景行",
    "嘉禾",
    "星野",
    "云舒",
    "南乔",
    "亦凡",
    "北辰",
    "梓涵",
)
CITIES = ("杭州", "苏州", "成都", "武汉", "西安", "长沙", "青岛", "厦门", "郑州", "沈阳", "昆明", "合肥")
ROADS = ("云栖路", "桂花巷", "向阳街", "青禾大道", "望江路", "梧桐里")
#: Where buyers come from, and how often.
HOMES = (("taobao", 34), ("jd", 20), ("douyin", 14), ("pdd", 10), ("web", 8), ("wechat", 6), ("phone", 5), ("email", 3))
PLATFORMS = ("taobao", "jd", "douyin", "pdd", "wechat")
COUNT = 150


@dataclass
class Buyer:
    """A customer before and after the shop knows them. `customer` is the row once it exists."""

    number: int
    name: str
    home: str
    city: str
    address: str
    customer: Customer | None = None
    tickets: list[int] = field(default_factory=list)

    @property
    def phone(self) -> str:
        return f"1990000{self.number:04d}"

    @property
    def email(self) -> str:
        return f"buyer{self.number:03d}@example.com"

    @property
    def external_ids(self) -> dict[str, str]:
        return {self.home: f"{self.home[:2]}_{88_000 + self.number}"} if self.home in PLATFORMS else {}

    def given(self, channel: str) -> CustomerGiven:
        """What a message on this channel tells of its sender."""
        account = self.external_ids.get(channel)
        return CustomerGiven(
            name=self.name,
            phone=self.phone if account is None or channel == "wechat" else "",
            email=self.email if channel == "email" else "",
            external_ids={channel: account} if account else {},
            verified=channel == "phone",
        )


def make_buyers() -> list[Buyer]:
    """The buyers of the story, the same at every telling."""
    dice = Dice("buyers")
    names = dice.shuffled([surname + given for surname in SURNAMES for given in GIVEN])
    homes, weights = zip(*HOMES, strict=True)
    buyers = []
    for number in range(1, COUNT + 1):
        city = dice.one_of(CITIES)
        street = f"{city}市{dice.one_of(ROADS)}{dice.number(1, 288)}号{dice.number(1, 20)}幢{dice.number(101, 2804)}室"
        buyers.append(Buyer(number, names[number], dice.weighted(homes, weights), city, street))
    return buyers


@dataclass
class Purchase:
    """An order of the story, with the moments of its way."""

    buyer: Buyer
    order_no: str
    shop_key: str
    lines: tuple[tuple[Product, int, str], ...]
    ordered_at: datetime
    shipped_at: datetime | None
    signed_at: datetime | None

    @property
    def total(self) -> Decimal:
        return Decimal(sum(product.price * quantity for product, quantity, _batch in self.lines))

    def steps(self) -> list[tuple[datetime, dict[str, Any]]]:
        """What the shop's system reports, and when."""
        paid_at = self.ordered_at + timedelta(minutes=2)
        discount = Decimal(40) if self.total >= 300 else Decimal(0)
        first = {
            "status": OrderStatus.PAID,
            "ordered_at": self.ordered_at,
            "paid_at": paid_at,
            "total": self.total,
            "paid": self.total - discount,
            "receiver_name": self.buyer.name,
            "receiver_phone": self.buyer.phone,
            "receiver_address": self.buyer.address,
        }
        if self.shipped_at is None:
            return [(paid_at, first)]
        sent: dict[str, Any] = {"status": OrderStatus.SHIPPED, "shipped_at": self.shipped_at}
        if self.signed_at is None:
            return [(paid_at, first), (self.shipped_at, sent)]
        arrived = {**sent, "status": OrderStatus.SIGNED, "signed_at": self.signed_at}
        return [(paid_at, first), (self.signed_at, arrived)]

    def report(self, values: Mapping[str, Any], shops: Mapping[str, Shop]) -> Order:
        """Take in one report; the first also makes the customer known and names the goods."""
        first = "ordered_at" in values
        order, _made = upsert_order(
            actor=None,
            shop=shops[self.shop_key],
            order_no=self.order_no,
            values=values,  # type: ignore[arg-type]
            customer=known(self.buyer) if first else None,
            items=[_item(*line) for line in self.lines] if first else None,
        )
        return order


def _item(product: Product, quantity: int, batch: str) -> Any:
    return {
        "sku": product.sku,
        "name": product.name,
        "quantity": quantity,
        "price": Decimal(product.price),
        "batch": batch,
    }


def known(buyer: Buyer) -> Customer:
    """The buyer's record; made when this is the first the shop hears of them."""
    if buyer.customer is None:
        buyer.customer = create_customer(
            actor=None,
            changes={"name": buyer.name, "phone": buyer.phone, "address": buyer.address},
            external_ids=buyer.external_ids,
        )
    return buyer.customer


def purchase(*, dice: Dice, buyer: Buyer, product: Product, stage: str, at: datetime, batch: str = "") -> Purchase:
    """An order that stands at `stage` (unshipped, shipping, signed) at the moment `at`."""
    hours = {"unshipped": (30, 100), "shipping": (80, 170), "signed": (110, 330)}[stage]
    ordered_at = at - dice.hours(*hours)
    shipped_at = signed_at = None
    if stage != "unshipped":
        shipped_at = ordered_at + dice.between(timedelta(hours=5), timedelta(hours=30))
    if stage == "signed":
        span = at - ordered_at
        signed_at = ordered_at + max(timedelta(hours=40), span * 0.6)
    lines = [(product, 1 if dice.chance(0.8) else 2, batch)]
    day = ordered_at.strftime("%y%m%d")
    number = f"MH{day}{dice.number(10**5, 10**6 - 1)}"
    return Purchase(buyer, number, SHOP_OF_CHANNEL[buyer.home], tuple(lines), ordered_at, shipped_at, signed_at)


#: What buyers were asked on the telephone, and how many of ten say yes.
_ASKED = (
    (ConsentPurpose.MARKETING_SMS, "是否同意我们每月最多两次向您发送优惠短信？可随时回复 R 退订。", 0.6),
    (ConsentPurpose.MARKETING_CALL, "是否同意我们在大促前致电介绍活动？随时可以取消。", 0.2),
)


def note_consents(buyers: list[Buyer], *, actor: Any) -> None:
    """Every sixth known buyer was asked what they want to hear of."""
    for buyer in buyers[::6]:
        if buyer.customer is None:
            continue
        dice = Dice("consents", buyer.number)
        for purpose, wording, yes in _ASKED:
            record_consent(
                customer=buyer.customer,
                actor=actor,
                purpose=purpose,
                decision=ConsentDecision.GRANTED if dice.chance(yes) else ConsentDecision.REFUSED,
                channel=ConsentChannel.PHONE,
                is_asked=True,
                wording=wording,
                wording_version="2026-10",
                evidence=f"录音 R{buyer.number:04d}",
            )
