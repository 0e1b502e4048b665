"""Time limits that hold until somebody saves others (domain rules, parts 2, 4 and 12). Natural hours."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class Preset:
    """A limit of a stage; kind and platform "" mean every one."""

    stage: str
    hours: int
    warn_hours: tuple[int, ...] = ()
    kind: str = ""
    platform: str = ""
    source: str = ""
    confidence: str = "house"


DAY = 24
PRESETS = (
    Preset("applied", 24, (12,)),
    Preset(
        "applied", 48, (24,), platform="jd", source=gettext_noop("京东：质量问题售后单审核时限"), confidence="verified"
    ),
    Preset("applied", 48, (24,), kind="refund_only", source=gettext_noop("未发货退款时限"), confidence="unconfirmed"),
    Preset("returning", 7 * DAY, (5 * DAY,), source=gettext_noop("买家退货时限"), confidence="unconfirmed"),
    Preset("inspecting", 48, (24,)),
    Preset("deciding", 48, (24,)),
    Preset("executing", 72, (48,)),
    Preset("done", 24, (12,)),
    Preset("refused", 24, (12,)),
    Preset("fed_back", 7 * DAY),
    Preset(
        "goods_back",
        7 * DAY,
        (5 * DAY,),
        kind="return_refund",
        source=gettext_noop("《消费者权益保护法》第二十五条：收到退货之日起七日内退款"),
        confidence="verified",
    ),
    Preset(
        "goods_back",
        72,
        (48,),
        kind="exchange",
        source=gettext_noop("京东：换货收到商品后重新发出的时限"),
        confidence="verified",
    ),
    Preset(
        "goods_back",
        30 * DAY,
        (20 * DAY, 25 * DAY),
        kind="repair",
        source=gettext_noop("京东：维修时限；满三十日应告知可换货"),
        confidence="verified",
    ),
    Preset(
        "red_line",
        15 * DAY,
        (10 * DAY, 13 * DAY),
        source=gettext_noop("《侵害消费者权益行为处罚办法》第八条、第九条"),
        confidence="verified",
    ),
)
