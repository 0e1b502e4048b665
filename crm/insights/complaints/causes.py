"""The likely cause of a complaint, by its category and the words triage matched. Pure."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.choices import Cause

#: The first line whose words occur decides; facts of the goods before those of people and rules.
_CAUSES: tuple[tuple[Cause, tuple[str, ...]], ...] = (
    (
        Cause.QUALITY,
        ("质量", "坏", "碎", "裂", "瑕疵", "掉色", "起球", "异味", "发霉", "变质", "过期", "漏", "冒烟"),
    ),
    (Cause.DESCRIPTION, ("描述不符", "不符", "虚假宣传", "货不对板", "色差", "尺寸", "不是正品", "假货")),
    (Cause.LOGISTICS, ("物流", "快递", "丢件", "没收到", "压扁", "运输", "派送", "发货")),
    (Cause.SECURITY, ("泄露", "隐私", "诈骗", "骚扰")),
    (Cause.PRICE, ("价格", "优惠", "降价", "涨价", "用不了券", "红包")),
    (Cause.PROCESS, ("退款", "退货", "换货", "维修", "没退", "发票", "订单")),
    (Cause.PEOPLE, ("态度", "敷衍", "推卸", "没人", "不回复", "不理")),
)
UNKNOWN = _("待分析")


def likely_cause(category: str, terms: Iterable[str]) -> str | Promise:
    """A guess for a person to check: the category's own words first, then those that were matched."""
    for said in (category, " ".join(terms)):
        for cause, words in _CAUSES:
            if any(word in said for word in words):
                return cause.label
    return UNKNOWN
