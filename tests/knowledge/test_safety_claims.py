"""What counts as a promise about safety, and what calls the sheet up (D20): pure."""

import pytest

from knowledge.safety.claims import Words, claims_in, mentions_in
from knowledge.safety.words import merged

pytestmark = pytest.mark.capability("D20")


@pytest.mark.parametrize(
    "text",
    [
        "亲，这款不含花生的",
        "您放心吃，没问题",
        "用了不会过敏的",
        "孕妇可以吃的哦",
        "宝宝也能放心使用",
        "不添加任何防腐剂",
        "这个绝对安全",
        "没有副作用，天天用都行",
        "很适合敏感肌使用",
        "成分天然，对皮肤没有刺激",
        "您好。无毒无害，尽管用",
    ],
)
def test_a_promise_about_safety_is_found(text: str) -> None:
    assert claims_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "价格不含运费",
        "请您放心，我们马上处理",
        "请问您对花生过敏吗？",
        "孕妇能吃吗",
        "我们不能保证不会过敏",
        "如果过敏，可以退货",
        "孕妇不可以吃",
        "包装很安全，您放心下单",
        "发票不含优惠券金额",
        "配料表请看包装背面",
        "建议孕妇先咨询医生",
    ],
)
def test_questions_cautions_and_other_matters_are_no_promise(text: str) -> None:
    assert claims_in(text) == []


def test_customers_words_call_the_sheet_up() -> None:
    said = ["我家孩子吃了起疹子", "这个孕妇能吃吗", "乳糖不耐可以喝吗", "对花生过敏"]
    assert [bool(mentions_in([text])) for text in said] == [True] * 4
    assert mentions_in(["快递到哪了", "想换个颜色"]) == []


def test_the_shop_adds_phrases_and_takes_built_in_ones_out() -> None:
    rows = [("mention", "花生", False), ("mention", "敏宝", True), ("claim", "敏宝友好", True)]
    own = merged([*rows, ("harmless", "放心吃", True)])
    assert mentions_in(["花生酥好吃", "敏宝能用不"], own) == ["敏宝"]
    assert claims_in("这款敏宝友好。您放心吃", own) == ["敏宝友好"]
    assert merged([]) == Words()
