"""The rules and the scorecard a team starts with, until it sets its own."""

from decimal import Decimal
from typing import Any

#: Name, position, condition, rate. Complaints are looked at more often (C16).
RULES: tuple[tuple[str, int, dict[str, Any], Decimal], ...] = (
    ("投诉会话", 10, {"field": "type", "op": "eq", "value": "complaint"}, Decimal("0.2")),
    ("其他会话", 100, {}, Decimal("0.03")),
)

SCORECARD_KEY = "quality"
SCORECARD_NAME = "会话质检"
SCORECARD_TITLE = "会话质检评分表"


def _score(key: str, label: str) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "score",
        "label": label,
        "required": True,
        "minimum": 1,
        "maximum": 5,
        "low": "不合格",
        "high": "优秀",
    }


QUESTIONS: list[dict[str, Any]] = [
    _score("opening", "开场：问候、称呼、报上身份"),
    _score("understanding", "理解：听清诉求，先安抚再解决"),
    _score("solution", "方案：合法合规，说明依据与时限"),
    _score("process", "流程：按时回复，承诺做到，记录完整"),
    _score("wording", "用语：礼貌、清楚，没有禁用词"),
    {"key": "comment", "kind": "text", "label": "评语与改进建议", "max_length": 1000},
]
