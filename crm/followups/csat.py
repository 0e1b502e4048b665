"""The questionnaire a customer gets when a ticket is solved, until the team publishes its own."""

from typing import Any

CSAT_KEY = "csat"
CSAT_NAME = "服务满意度"
TITLE = "请评价本次服务"
INTRODUCTION = "您的评价会帮助我们改进，只需几秒钟。"
THANKS = "感谢您的评价！"

QUESTIONS: list[dict[str, Any]] = [
    {
        "key": "score",
        "kind": "score",
        "label": "您对本次服务满意吗？",
        "required": True,
        "minimum": 1,
        "maximum": 5,
        "low": "很不满意",
        "high": "非常满意",
    },
    {
        "key": "reasons",
        "kind": "choice",
        "label": "主要原因（可多选）",
        "multiple": True,
        "open": True,
        "choices": [
            {"key": "quick", "label": "回复及时"},
            {"key": "kind", "label": "态度友好"},
            {"key": "solved", "label": "问题已解决"},
            {"key": "slow", "label": "回复太慢"},
            {"key": "rude", "label": "态度不好"},
            {"key": "unsolved", "label": "问题没解决"},
            {"key": "unfair", "label": "方案不满意"},
        ],
    },
    {"key": "comment", "kind": "text", "label": "还想告诉我们什么？", "max_length": 2000},
]
