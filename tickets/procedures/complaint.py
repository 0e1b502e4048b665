"""The built-in complaint SOP (C06), its RACI table (C07), and the SOPs for refund and late shipment (D13).

Each is installed once as version 1; from then on it belongs to the shop. Limits of the complaint SOP follow the
master timers: first response 2 h, a plan within 24 h, closing within 7 days, a return visit after 3 days.
"""

from typing import Any

from tickets.procedures.facts import SOLUTIONS

MINUTE, HOUR, DAY = 60, 3600, 86400
COMPLAINT, REFUND, LATE = "complaint", "refund", "late_shipment"


def _due(seconds: int) -> dict[str, Any]:
    return {"seconds": seconds, "clock": "natural"}


def _lines(*texts: str, required: bool = True) -> list[dict[str, Any]]:
    return [{"key": f"c{number}", "text": text, "required": required} for number, text in enumerate(texts, start=1)]


def _is(name: str) -> dict[str, Any]:
    return {"field": name, "op": "eq", "value": True}


def _has(*solutions: str) -> dict[str, Any]:
    return {"field": "solution", "op": "in", "value": list(solutions)}


def _text(key: str, label: str, *, required: bool = True) -> dict[str, Any]:
    return {"key": key, "label": label, "kind": "text", "required": required}


_SOLUTION = {
    "key": "solution",
    "label": "方案",
    "kind": "choices",
    "required": True,
    "choices": [[key, str(label)] for key, label in SOLUTIONS],
}
_LIABILITY = {
    "key": "liability",
    "label": "责任方",
    "kind": "choice",
    "required": True,
    "choices": [
        ["seller", "商家"],
        ["factory", "厂家"],
        ["carrier", "承运方"],
        ["buyer", "买家"],
        ["nobody", "无法认定"],
    ],
}
_ANSWER = {
    "key": "agreed",
    "label": "客户答复",
    "kind": "choice",
    "required": True,
    "choices": [["agreed", "同意"], ["statutory", "未同意，按法定标准执行"]],
}

COMPLAINT_STEPS: list[dict[str, Any]] = [
    {
        "key": "intake",
        "title": "受理",
        "department": "service",
        "due": _due(HOUR),
        "checklist": _lines("已记录投诉内容和发生时间", "已核实联系方式（匿名除外）"),
        "leave": _is("assigned"),
        "public": "受理",
    },
    {
        "key": "classify",
        "title": "分类定级",
        "department": "service",
        "due": _due(2 * HOUR),
        "checklist": _lines("分类与严重程度已确认"),
        "leave": {"field": "category", "op": "is_set"},
        "public": "受理",
    },
    {
        "key": "first_response",
        "title": "首次响应",
        "department": "service",
        "due": _due(2 * HOUR),
        "checklist": _lines("已致歉或体谅", "已复述问题", "已承诺答复时间", required=False),
        "leave": _is("first_responded"),
        "auto": True,
        "public": "受理",
    },
    {
        "key": "investigate",
        "title": "调查原因",
        "department": "product",
        "due": _due(DAY),
        "instructions": "查明事实、原因和责任方；缺少照片、批次等材料时退回客服补充。",
        "checklist": _lines("事实已查明", "原因已分析"),
        "proof": [_text("cause", "原因结论"), _LIABILITY],
        "public": "调查核实",
    },
    {
        "key": "propose",
        "title": "提出方案",
        "department": "merchant",
        "due": _due(DAY),
        "instructions": "方案不得低于法定标准；金额用“补偿”页测算。",
        "checklist": _lines("方案不低于法定标准"),
        "proof": [
            _SOLUTION,
            {"key": "amount", "label": "承诺金额", "kind": "money", "required": False},
            {"key": "promised_on", "label": "承诺完成日期", "kind": "date", "required": True},
        ],
        "public": "制定方案",
    },
    {
        "key": "agree",
        "title": "协商一致",
        "department": "service",
        "due": _due(2 * DAY),
        "checklist": _lines("已向客户说明方案与依据"),
        "proof": [_ANSWER],
        "public": "确认方案",
    },
    {
        "key": "execute",
        "title": "执行方案",
        "department": "logistics",
        "due": _due(3 * DAY),
        "tasks": [
            {
                "key": "pay",
                "title": "退款或打款",
                "department": "finance",
                "due": _due(DAY),
                "proof": [
                    _text("payment_no", "退款或打款流水号"),
                    {"key": "paid", "label": "实付金额", "kind": "money", "required": True},
                ],
                "when": _has("refund", "return", "compensation"),
            },
            {
                "key": "stock",
                "title": "备货出库或退货入库",
                "department": "warehouse",
                "due": _due(DAY),
                "proof": [_text("stock_no", "出入库单号")],
                "when": _has("return", "exchange", "reship"),
            },
            {
                "key": "ship",
                "title": "发出或取件",
                "department": "logistics",
                "due": _due(2 * DAY),
                "proof": [_text("tracking_no", "运单号")],
                "when": _has("return", "exchange", "reship", "repair"),
            },
        ],
        "checklist": _lines("方案各项均已完成"),
        "public": "执行方案",
    },
    {
        "key": "confirm",
        "title": "确认结果",
        "department": "service",
        "due": _due(2 * DAY),
        "instructions": "向客户反馈结果并把工单标为已解决，本步自动完成。",
        "checklist": _lines("已告知处理结果和到账时间", required=False),
        "leave": {"all": [_is("solved"), _is("told")]},
        "auto": True,
        "public": "确认结果",
    },
    {
        "key": "close",
        "title": "关闭",
        "department": "service",
        "due": _due(7 * DAY),
        "checklist": _lines("已记录关闭依据", required=False),
        "leave": _is("closed"),
        "auto": True,
        "public": "完成",
    },
    {
        "key": "visit",
        "title": "回访",
        "department": "service",
        "due": _due(5 * DAY),
        "instructions": "关闭三天后回访；登记回访结果后本步自动完成。",
        "checklist": _lines("已询问是否满意", required=False),
        "leave": _is("visited"),
        "auto": True,
        "public": "完成",
    },
]


def _duty(category: str, step: str, responsible: str, **others: Any) -> dict[str, Any]:
    return {"category": category, "step": step, "responsible": responsible, "accountable": "service", **others}


COMPLAINT_DUTIES: list[dict[str, Any]] = [
    _duty("", "investigate", "product", consulted=["warehouse"]),
    _duty("", "propose", "merchant", consulted=["product"], informed=["finance"]),
    _duty("", "execute", "logistics", informed=["merchant"]),
    _duty("退款退货", "investigate", "finance", consulted=["warehouse"]),
    _duty("退款退货", "execute", "finance", informed=["merchant", "logistics"]),
    _duty("换货维修", "execute", "warehouse", consulted=["logistics"], informed=["merchant"]),
    _duty("物流配送问题", "investigate", "logistics", consulted=["warehouse"]),
    _duty("商品质量问题", "investigate", "product", consulted=["warehouse"], informed=["merchant"]),
    _duty("服务态度", "investigate", "service"),
    _duty("服务态度", "execute", "service", informed=["merchant"]),
    _duty("价格优惠", "investigate", "merchant", consulted=["finance"]),
    _duty("价格优惠", "execute", "finance", informed=["merchant"]),
]

REFUND_STEPS: list[dict[str, Any]] = [
    {
        "key": "check",
        "title": "核对资格",
        "department": "service",
        "due": _due(4 * HOUR),
        "checklist": _lines("订单、签收时间和商品状态已核对", "退款原因已确认"),
        "proof": [
            {
                "key": "solution",
                "label": "退款方式",
                "kind": "choices",
                "required": True,
                "choices": [["refund", "仅退款"], ["return", "退货退款"]],
            },
            {"key": "amount", "label": "应退金额", "kind": "money", "required": True},
        ],
        "public": "审核",
    },
    {
        "key": "address",
        "title": "提供退货地址",
        "department": "service",
        "due": _due(DAY),
        "when": _has("return"),
        "checklist": _lines("真实退货地址已发给客户"),
        "public": "等待寄回",
    },
    {
        "key": "receive",
        "title": "收货验货",
        "department": "warehouse",
        "due": _due(10 * DAY),
        "when": _has("return"),
        "checklist": _lines("商品完好，赠品齐全"),
        "proof": [_text("stock_no", "入库单号")],
        "public": "收货验货",
    },
    {
        "key": "pay",
        "title": "原路退款",
        "department": "finance",
        "due": _due(7 * DAY),
        "instructions": "收到退货之日起七日内退款，按原支付方式退回。",
        "proof": [
            _text("payment_no", "退款流水号"),
            {"key": "paid", "label": "实退金额", "kind": "money", "required": True},
        ],
        "public": "退款",
    },
    {
        "key": "tell",
        "title": "告知客户",
        "department": "service",
        "due": _due(4 * HOUR),
        "checklist": _lines("已告知到账时间和金额"),
        "public": "完成",
    },
]

LATE_STEPS: list[dict[str, Any]] = [
    {
        "key": "check",
        "title": "核实发货承诺",
        "department": "service",
        "due": _due(2 * HOUR),
        "checklist": _lines("承诺发货时间已核对", "已先行向客户致歉"),
        "public": "核实",
    },
    {
        "key": "urge",
        "title": "催促发货",
        "department": "warehouse",
        "due": _due(4 * HOUR),
        "proof": [
            {
                "key": "solution",
                "label": "处理",
                "kind": "choices",
                "required": True,
                "choices": [["reship", "尽快发出"], ["refund", "缺货退款"], ["compensation", "延迟赔付"]],
            },
            {"key": "promised_on", "label": "预计发出日期", "kind": "date", "required": False},
        ],
        "public": "催促发货",
    },
    {
        "key": "tell",
        "title": "告知并征得同意",
        "department": "service",
        "due": _due(4 * HOUR),
        "checklist": _lines("客户选择等待或退款，已记录"),
        "public": "与您确认",
    },
    {
        "key": "execute",
        "title": "发出或退款",
        "department": "warehouse",
        "due": _due(2 * DAY),
        "tasks": [
            {
                "key": "pay",
                "title": "退款或延迟赔付",
                "department": "finance",
                "due": _due(2 * DAY),
                "proof": [_text("payment_no", "退款或打款流水号")],
                "when": _has("refund", "compensation"),
            },
            {
                "key": "ship",
                "title": "交给承运方",
                "department": "logistics",
                "due": _due(DAY),
                "proof": [_text("tracking_no", "运单号")],
                "when": _has("reship"),
            },
        ],
        "public": "发出",
    },
    {
        "key": "confirm",
        "title": "确认客户收到",
        "department": "service",
        "due": _due(5 * DAY),
        "checklist": _lines("客户已收到货或退款"),
        "public": "完成",
    },
]

#: Key, title, steps and duties of what every shop starts with.
BUILT_IN: tuple[tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]], ...] = (
    (COMPLAINT, "投诉处理", COMPLAINT_STEPS, COMPLAINT_DUTIES),
    (REFUND, "退款处理", REFUND_STEPS, []),
    (LATE, "延迟发货处理", LATE_STEPS, []),
)
