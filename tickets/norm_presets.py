"""How fast platforms want customers to be answered: what each says, as far as we know it.

Rules of platforms change often. Every row says where it is from and how sure we are of it; one that is
not confirmed starts switched off, and all of it can be edited.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from customers.choices import ShopPlatform
from tickets.choices import Confidence, NormUnit

#: When these were looked at; they are to be looked at again a year later.
CHECKED_ON = date(2026, 11, 1)
REVIEW_ON = date(2027, 11, 1)
_OPENS, _CLOSES = 8 * 60, 23 * 60


@dataclass(frozen=True)
class NormPreset:
    """The values a row of `PlatformNorm` starts with."""

    platform: str
    name: str
    confidence: str
    values: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """All columns; what is only remembered is switched off until somebody confirms it."""
        return {
            "opens_minute": _OPENS,
            "closes_minute": _CLOSES,
            "confidence": self.confidence,
            "review_on": REVIEW_ON,
            "is_active": self.confidence != Confidence.UNCONFIRMED,
            **self.values,
        }


_THREE_MINUTES = "3分钟人工回复率"

PRESETS: tuple[NormPreset, ...] = (
    *(
        NormPreset(
            platform,
            _THREE_MINUTES,
            Confidence.UNCONFIRMED,
            {
                "code": "K-17",
                "unit": NormUnit.TURN,
                "closes_minute": 24 * 60,
                "definition": "3 分钟内人工回复的问答轮数 ÷ 全部问答轮数；从第一条未回复的消息起算。",
                "source": "以商家后台公布的口径为准",
            },
        )
        for platform in (ShopPlatform.TAOBAO, ShopPlatform.TMALL)
    ),
    NormPreset(
        ShopPlatform.JD,
        "30秒应答率",
        Confidence.PARTLY,
        {
            "code": "K-12",
            "unit": NormUnit.TURN,
            "seconds": 30,
            "definition": "30 秒内应答的咨询 ÷ 全部咨询；口径以商家后台为准。",
            "source": "京东商家后台",
        },
    ),
    NormPreset(
        ShopPlatform.PDD,
        _THREE_MINUTES,
        Confidence.PARTLY,
        {
            "code": "K-19",
            "unit": NormUnit.CONVERSATION,
            "definition": "8:00–23:00 内，3 分钟内得到人工回复的消费者 ÷ 咨询的消费者，按日计。",
            "source": "拼多多商家后台",
        },
    ),
    NormPreset(
        ShopPlatform.PDD,
        "30秒应答率",
        Confidence.PARTLY,
        {
            "code": "K-19",
            "unit": NormUnit.TURN,
            "seconds": 30,
            "definition": "8:00–23:00 内，30 秒内应答的咨询 ÷ 全部咨询。",
            "source": "拼多多商家后台",
        },
    ),
    NormPreset(
        ShopPlatform.DOUYIN,
        _THREE_MINUTES,
        Confidence.PARTLY,
        {
            "code": "K-20",
            "unit": NormUnit.MESSAGE,
            "opens_minute": 9 * 60,
            "target": Decimal("0.5"),
            "definition": "3 分钟内人工回复的消息 ÷ 用户消息；关键词自动回复不算。时段 9:00–23:00（旧口径 8:00 起）。",
            "source": "https://www.aiyongtech.com/new/id10845",
        },
    ),
    NormPreset(
        ShopPlatform.KUAISHOU,
        _THREE_MINUTES,
        Confidence.UNCONFIRMED,
        {
            "unit": NormUnit.TURN,
            "definition": "8:00–23:00 内，3 分钟内人工回复的咨询 ÷ 全部咨询；机器人回复不算。",
            "source": "2023 年公开口径，以商家后台为准",
        },
    ),
)


def of_platform(platform: str) -> list[NormPreset]:
    """The presets of one platform; none where we know no number."""
    return [preset for preset in PRESETS if preset.platform == platform]
