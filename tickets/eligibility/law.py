"""The articles a judgement rests on (domain rules, part 2)."""

from tickets.compensation.law import CRPL_24, CRPL_25, CRPL_52, ECOMMERCE_20
from tickets.compensation.marks import gettext_noop

CRPL_25_1 = gettext_noop("《消费者权益保护法》第二十五条第一款")
CRPL_23 = gettext_noop("《消费者权益保护法》第二十三条")
CRPL_54 = gettext_noop("《消费者权益保护法》第五十四条")
REGULATION_18 = gettext_noop("《消费者权益保护法实施条例》第十八条")
REGULATION_19 = gettext_noop("《消费者权益保护法实施条例》第十九条")
MEASURES_7 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第七条")
MEASURES_8 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第八条")
MEASURES_9 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第九条")
MEASURES_10 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第十条")
MEASURES_12 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第十二条")
MEASURES_18 = gettext_noop("《网络购买商品七日无理由退货暂行办法》第十八条")
PROMISE = gettext_noop("最高人民法院网络消费纠纷司法解释（一）（法释〔2022〕8号）第二条、第十条")
QUALITY_40 = gettext_noop("《产品质量法》第四十条")
THREE_GUARANTEES = gettext_noop("《部分商品修理更换退货责任规定》")
CIVIL_203 = gettext_noop("《民法典》第二百零三条")

__all__ = [
    "CIVIL_203", "CRPL_23", "CRPL_24", "CRPL_25", "CRPL_25_1", "CRPL_52", "CRPL_54", "ECOMMERCE_20",
    "MEASURES_7", "MEASURES_8", "MEASURES_9", "MEASURES_10", "MEASURES_12", "MEASURES_18", "PROMISE",
    "QUALITY_40", "REGULATION_18", "REGULATION_19", "THREE_GUARANTEES",
]  # fmt: skip
