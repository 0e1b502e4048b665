"""The table of cases C-01 to C-22: inputs, formula, basis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tickets.compensation import law, platforms, promised, statutory
from tickets.compensation.marks import gettext_noop
from tickets.compensation.quotes import ZERO, Quote, Sums, fen
from tickets.compensation.reading import REQUIRED, Fault, Input, InputFaults, Kind, read_inputs


@dataclass(frozen=True)
class Case:
    """One case. `is_punitive`: what it adds is the one punitive head a claim may have."""

    id: str
    title: str
    inputs: tuple[Input, ...]
    formula: Callable[[dict[str, Any]], Sums]
    basis: tuple[str, ...]
    is_punitive: bool = False


def _money(name: str, label: str, default: Any = REQUIRED) -> Input:
    return Input(name, Kind.MONEY, label, default)


_P = _money("P", gettext_noop("实付价款（不含运费）"))
_P0 = _money("P", gettext_noop("实付价款（不含运费）"), ZERO)
_L = _money("L", gettext_noop("已证实的损失"), ZERO)
_F = _money("F", gettext_noop("发货运费"), ZERO)
_FR = _money("Fr", gettext_noop("退货运费"), ZERO)
_Q = Input("q", Kind.QUANTITY, gettext_noop("数量"))
_D = _money("D", gettext_noop("已付定金"))
_TOTAL = _money("total", gettext_noop("合同总额"))
_KNOWING = Input("knowing", Kind.FLAG, gettext_noop("生产者，或明知的销售者"), True)
_FOOD_CHOICE = Input(
    "choice",
    Kind.CHOICE,
    gettext_noop("索赔人的选择"),
    None,
    (("C-04", gettext_noop("按欺诈：退一赔三")), ("C-06", gettext_noop("按食品安全：退一赔十"))),
)
_EARNEST_CHOICE = Input(
    "choice",
    Kind.CHOICE,
    gettext_noop("客户的选择"),
    None,
    (("earnest", gettext_noop("定金罚则")), ("penalty", gettext_noop("违约金"))),
)

_TABLE = (
    Case(
        "C-01",
        gettext_noop("七日无理由退货（整单）"),
        (
            _P,
            _F,
            _FR,
            Input("free_shipping", Kind.FLAG, gettext_noop("包邮订单"), True),
            Input("freight_promised", Kind.FLAG, gettext_noop("承诺承担运费或有运费险"), False),
        ),
        statutory.no_reason_return,
        (law.CRPL_25, law.NO_REASON_13_18, law.TAOBAO_53),
    ),
    Case(
        "C-02",
        gettext_noop("满减订单部分退货"),
        (
            Input("items", Kind.ITEMS, gettext_noop("商品（单价与数量）")),
            Input("returned", Kind.INDICES, gettext_noop("退回的商品")),
            _money("discount", gettext_noop("优惠金额")),
            _money("threshold", gettext_noop("优惠门槛")),
            _money("paid", gettext_noop("实付款")),
        ),
        statutory.partial_return,
        (law.NO_REASON_17,),
    ),
    Case(
        "C-03",
        gettext_noop("质量或描述不符退货"),
        (_P, _F, _FR),
        statutory.fault_return,
        (law.CRPL_24, law.CRPL_52, law.REGULATION_18),
    ),
    Case(
        "C-04",
        gettext_noop("欺诈：退一赔三"),
        (_P,),
        statutory.fraud,
        (law.CRPL_55_1, law.REGULATION_49),
        is_punitive=True,
    ),
    Case(
        "C-05",
        gettext_noop("明知缺陷致人身损害"),
        (
            _money("L", gettext_noop("人身损害损失合计")),
            _P0,
            _money("mental", gettext_noop("精神损害赔偿"), ZERO),
            _money("punitive", gettext_noop("惩罚性赔偿"), None),
        ),
        statutory.health_harm,
        (law.CRPL_49_51, law.CRPL_55_2, law.CIVIL_1207),
        is_punitive=True,
    ),
    Case(
        "C-06",
        gettext_noop("不符合安全标准的食品"),
        (_P, _L, _KNOWING),
        statutory.unsafe_food,
        (law.FOOD_148,),
        is_punitive=True,
    ),
    Case(
        "C-06a",
        gettext_noop("不安全食品（推定明知）"),
        (_P, _L),
        statutory.presumed_knowing,
        (law.FOOD_148, law.FOOD_SPC_2020_6),
        is_punitive=True,
    ),
    Case(
        "C-06b",
        gettext_noop("食品标签瑕疵（不影响安全）"),
        (_P, _L),
        statutory.label_flaw,
        (law.FOOD_148_PROVISO, law.REGULATION_49),
    ),
    Case(
        "C-06c",
        gettext_noop("不安全食品（超出合理数量）"),
        (_P, _L, _Q, Input("reasonable_q", Kind.QUANTITY, gettext_noop("合理数量"))),
        statutory.beyond_need,
        (law.FOOD_148, law.FOOD_SPC_2024_12),
        is_punitive=True,
    ),
    Case(
        "C-06d",
        gettext_noop("不安全食品且构成欺诈"),
        (_P, _L, _FOOD_CHOICE),
        statutory.food_fraud,
        (law.FOOD_148, law.CRPL_55_1, law.FOOD_SPC_2020_7),
        is_punitive=True,
    ),
    Case(
        "C-07",
        gettext_noop("假药劣药（明知销售）"),
        (_P, _L),
        statutory.bad_medicine,
        (law.DRUG_144,),
        is_punitive=True,
    ),
    Case("C-08", gettext_noop("定金罚则（商家违约）"), (_TOTAL, _D), promised.earnest_money, (law.CIVIL_586_587,)),
    Case(
        "C-09",
        gettext_noop("定金与违约金并存"),
        (_TOTAL, _D, _money("penalty", gettext_noop("约定违约金")), _L, _EARNEST_CHOICE),
        promised.earnest_or_penalty,
        (law.CIVIL_588, law.CIVIL_586_587),
    ),
    Case(
        "C-10",
        gettext_noop("约定违约金"),
        (_money("penalty", gettext_noop("承诺的违约金")), _money("platform", gettext_noop("平台标准金额"), ZERO)),
        promised.agreed_penalty,
        (law.CIVIL_585, law.ONLINE_SPC_2022_10, law.HIGHER_OF_PROMISE_AND_PLATFORM),
    ),
    Case(
        "C-11",
        gettext_noop("延迟发货（平台规则）"),
        (
            _P,
            Input("rate", Kind.SHARE, gettext_noop("赔付比例")),
            _money("min", gettext_noop("最低赔付")),
            _money("max", gettext_noop("最高赔付")),
        ),
        promised.late_shipment,
        (law.PLATFORM_LATE,),
    ),
    Case(
        "C-12",
        gettext_noop("价格保护"),
        (_money("paid_unit", gettext_noop("购买单价")), _money("now_unit", gettext_noop("现单价")), _Q),
        promised.price_protection,
        (law.PRICE_MARKING_19_5,),
    ),
    Case(
        "C-13",
        gettext_noop("包裹丢失或破损"),
        (_P, _F),
        statutory.lost_parcel,
        (law.ECOMMERCE_20, law.EXPRESS_27, law.POSTAL_47),
    ),
    Case(
        "C-14",
        gettext_noop("预付服务未履行"),
        (_P, _money("interest", gettext_noop("利息"), ZERO), _money("L", gettext_noop("合理费用"), ZERO)),
        promised.prepaid_service,
        (law.CRPL_53, law.REGULATION_22),
    ),
    Case(
        "C-15",
        gettext_noop("产品召回"),
        (_P0, _money("L", gettext_noop("必要费用（交通等）"), ZERO), _F, _FR),
        statutory.recall,
        (law.CRPL_19, law.CIVIL_1206),
    ),
    Case(
        "C-16",
        gettext_noop("个人信息侵权"),
        (_L, _money("gain", gettext_noop("处理者因此获得的利益"), ZERO)),
        statutory.personal_data,
        (law.PIPL_69, law.CRPL_50),
    ),
    Case("C-17", gettext_noop("京东：页面描述不清或不一致"), (_P,), platforms.unclear_page, (law.JD_11,)),
    Case(
        "C-18",
        gettext_noop("京东：漏发赠品"),
        (
            _money("P", gettext_noop("主商品实付价款")),
            _money("gift", gettext_noop("赠品价格或标明的价值"), None),
            Input("has_sku", Kind.FLAG, gettext_noop("赠品有商品编号"), False),
        ),
        platforms.missing_gift,
        (law.JD_24,),
    ),
    Case(
        "C-19",
        gettext_noop("京东：生鲜腐坏或短缺"),
        (_P, Input("s", Kind.SHARE, gettext_noop("腐坏或短缺比例"))),
        platforms.fresh_goods,
        (law.JD_FRESH,),
    ),
    Case("C-20", gettext_noop("京东：水族活体轻微损伤"), (_P,), platforms.aquatic_pet, (law.JD_AQUATIC,)),
    Case(
        "C-21",
        gettext_noop("高于法定的承诺（假一赔十等）"),
        (_P, Input("multiple", Kind.FACTOR, gettext_noop("承诺的倍数"))),
        promised.better_promise,
        (law.ONLINE_SPC_2022_10,),
        is_punitive=True,
    ),
    Case(
        "C-22",
        gettext_noop("商家自主补偿"),
        (
            _P,
            Input("severity", Kind.SHARE, gettext_noop("严重程度")),
            Input("responsibility", Kind.SHARE, gettext_noop("责任比例")),
            Input("factor", Kind.FACTOR, gettext_noop("系数"), Decimal(1)),
            _money("out_of_pocket", gettext_noop("客户垫付费用"), ZERO),
            _money("floor", gettext_noop("法定下限"), ZERO),
            _money("limit", gettext_noop("授权额度"), None),
        ),
        platforms.goodwill,
        (law.HOUSE,),
    ),
)
CASES: dict[str, Case] = {case.id: case for case in _TABLE}


def quote(case: str, inputs: Mapping[str, Any], *, authority: Decimal | None = None) -> Quote:
    """What is owed in the case. `authority`: what the asking person may grant alone; None = no limit.

    Raises InputFaults; a case that is not in the table is a fault of "case".
    """
    found = CASES.get(case)
    if found is None:
        raise InputFaults({"case": Fault(gettext_noop("没有这种情形。"))})
    sums = found.formula(read_inputs(found.inputs, inputs))
    total = fen(sums.refund + sums.additional)
    return Quote(
        case=found.id,
        title=found.title,
        refund=fen(sums.refund),
        additional=fen(sums.additional),
        total=total,
        floor=sums.floor,
        cap=sums.cap,
        basis=found.basis,
        requires_approval=sums.needs_review or (authority is not None and total > authority),
        notes=sums.notes,
        terms=sums.terms,
        is_punitive=found.is_punitive and sums.additional > 0,
        needs_review=sums.needs_review,
    )
