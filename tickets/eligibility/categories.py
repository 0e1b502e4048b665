# ruff: noqa: E501 (a table: one entry for each class of goods)
"""Classes of goods that law treats differently, found by key, Chinese name or a usual other word."""

from dataclasses import dataclass, field
from enum import StrEnum

from tickets.compensation.marks import gettext_noop


class Group(StrEnum):
    """How return without reason applies (7-day Measures, articles 6, 7 and 9)."""

    PLAIN = "plain"
    CUSTOM = "custom"
    FRESH = "fresh"
    DIGITAL = "digital"
    SOFTWARE = "software"
    PRESS = "press"
    SEALED = "sealed"
    ELECTRONIC = "electronic"
    DISCLOSED = "disclosed"


#: Excluded by law, whatever the condition; software only once it was opened.
EXCLUDED = frozenset({Group.CUSTOM, Group.FRESH, Group.DIGITAL, Group.PRESS})


@dataclass(frozen=True)
class Category:
    """is_durable: CRPL 23. is_guaranteed: three guarantees (7 and 15 days). warranty_months: None = not known."""

    key: str
    label: str
    group: Group = Group.PLAIN
    is_durable: bool = False
    is_guaranteed: bool = False
    is_repairable: bool = False
    warranty_months: int | None = None
    words: tuple[str, ...] = field(default=())


def _repairable(key: str, label: str, *words: str) -> Category:
    return Category(key, label, is_repairable=True, words=words)


_ALL = (
    Category("general", gettext_noop("普通商品"), is_repairable=True, words=("普通", "标准商品", "standard", "normal")),
    _repairable("clothing", gettext_noop("服装"), "服饰", "衣服", "连衣裙", "女装", "男装", "童装", "apparel", "clothes",
                "garment", "dress", "fashion"),
    _repairable("shoes", gettext_noop("鞋靴"), "鞋", "鞋子", "shoe", "footwear"),
    _repairable("bags", gettext_noop("箱包"), "包", "包袋", "bag", "luggage"),
    _repairable("toys", gettext_noop("玩具"), "toy"),
    Category("textiles", gettext_noop("家纺"), words=("纺织品", "床品", "textile")),
    _repairable("home", gettext_noop("家居日用"), "家居", "日用", "日用品", "百货", "household", "homeware", "kitchenware"),
    _repairable("furniture", gettext_noop("家具")),
    _repairable("sports", gettext_noop("运动户外"), "运动", "户外", "sport", "outdoor"),
    _repairable("jewelry", gettext_noop("珠宝首饰"), "珠宝", "首饰", "jewellery", "watch", "watches", "手表"),
    Category("books", gettext_noop("图书"), words=("书籍", "book")),
    Category("baby", gettext_noop("母婴用品"), words=("母婴", "maternity")),
    Category("stationery", gettext_noop("文具"), words=("办公用品",)),
    Category("custom", gettext_noop("定作商品"), Group.CUSTOM, is_repairable=True,
             words=("定制", "定做", "定作", "刻字", "custom_made", "customized", "customised", "made_to_order",
                    "personalized", "engraved")),
    Category("fresh", gettext_noop("鲜活易腐商品"), Group.FRESH,
             words=("鲜活易腐", "生鲜", "水果", "海鲜", "活体", "perishable", "fresh_food", "fruit", "seafood", "live")),
    Category("software", gettext_noop("音像制品与软件"), Group.SOFTWARE,
             words=("软件", "音像", "音像制品", "audio_visual", "audiovisual", "media")),
    Category("digital", gettext_noop("在线下载的数字化商品"), Group.DIGITAL,
             words=("数字商品", "数字化商品", "虚拟商品", "下载", "digital_goods", "download", "downloaded", "virtual")),
    Category("newspaper", gettext_noop("报纸、期刊"), Group.PRESS,
             words=("报刊", "报纸", "期刊", "杂志", "periodical", "newspapers", "periodicals", "magazine")),
    Category("near_expiry", gettext_noop("临期或瑕疵商品"), Group.DISCLOSED,
             words=("临期", "临期商品", "临期食品", "瑕疵", "瑕疵品", "near_expiry_food", "defective", "disclosed_defect",
                    "clearance")),
    Category("food", gettext_noop("食品"), Group.SEALED, words=("零食", "保健食品", "饮料", "snack", "grocery", "beverage")),
    Category("cosmetics", gettext_noop("化妆品"), Group.SEALED,
             words=("美妆", "护肤", "护肤品", "面霜", "cosmetic", "skincare", "beauty", "face_cream")),
    Category("medical", gettext_noop("医疗器械与药品"), Group.SEALED,
             words=("医疗器械", "药品", "医疗用品", "medicine", "medical_device", "drug")),
    Category("contraceptive", gettext_noop("计生用品"), Group.SEALED, words=("计生", "contraceptives")),
    Category("phone", gettext_noop("手机"), Group.ELECTRONIC, is_guaranteed=True, is_repairable=True,
             warranty_months=12, words=("移动电话", "mobile", "mobile_phone", "smartphone", "cellphone")),
    Category("computer", gettext_noop("电脑"), Group.ELECTRONIC, is_durable=True, is_guaranteed=True,
             is_repairable=True, words=("计算机", "笔记本电脑", "平板电脑", "pc", "laptop", "tablet")),
    Category("electronics", gettext_noop("数码电子产品"), Group.ELECTRONIC, is_guaranteed=True, is_repairable=True,
             words=("电子", "数码", "电子产品", "3c", "electronic", "digital_device", "camera", "耳机", "earphone")),
    Category("appliance", gettext_noop("家用电器"), Group.ELECTRONIC, is_durable=True, is_guaranteed=True,
             is_repairable=True, words=("家电", "电器", "电视", "电视机", "冰箱", "空调", "洗衣机", "appliances",
                                        "home_appliance", "tv", "refrigerator", "washing_machine")),
)  # fmt: skip

CATEGORIES: dict[str, Category] = {category.key: category for category in _ALL}
_BY_WORD = {word: category for category in _ALL for word in (category.key, category.label, *category.words)}


def find(word: str) -> Category | None:
    """The category of that name; None when nobody knows it, and then a person decides."""
    plain = word.strip().lower()
    return _BY_WORD.get(plain) or _BY_WORD.get(plain.replace("-", "_").replace(" ", "_"))
