"""Words of the customer floor."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ShopPlatform(models.TextChoices):
    TAOBAO = "taobao", _("淘宝")
    TMALL = "tmall", _("天猫")
    JD = "jd", _("京东")
    DOUYIN = "douyin", _("抖音")
    PDD = "pdd", _("拼多多")
    KUAISHOU = "kuaishou", _("快手")
    XIAOHONGSHU = "xiaohongshu", _("小红书")
    WECHAT = "wechat", _("微信")
    OWN = "own", _("自营网站")
    OTHER = "other", _("其他")


class TagKind(models.TextChoices):
    MANUAL = "manual", _("手工标签")
    RULE = "rule", _("规则标签")


class TagColour(models.TextChoices):
    """What the chip of a label looks like."""

    GREY = "grey", _("灰")
    BLUE = "blue", _("蓝")
    GREEN = "green", _("绿")
    AMBER = "amber", _("橙")
    RED = "red", _("红")
    VIOLET = "violet", _("紫")

    @property
    def tone(self) -> str:
        """The name the pages know it by."""
        return {"grey": "", "blue": "info", "green": "good", "amber": "warn", "red": "bad", "violet": "plum"}[self]


class OrderStatus(models.TextChoices):
    CREATED = "created", _("待付款")
    PAID = "paid", _("已付款")
    SHIPPED = "shipped", _("已发货")
    SIGNED = "signed", _("已签收")
    COMPLETED = "completed", _("已完成")
    CANCELLED = "cancelled", _("已取消")
    REFUNDED = "refunded", _("已退款")


class Segment(models.TextChoices):
    """The eight classes of RFM, named by R-F-M with 1 for good."""

    KEY_VALUE = "111", _("重要价值")
    KEY_DEVELOP = "101", _("重要发展")
    KEY_KEEP = "011", _("重要保持")
    KEY_RETAIN = "001", _("重要挽留")
    VALUE = "110", _("一般价值")
    DEVELOP = "100", _("一般发展")
    KEEP = "010", _("一般保持")
    RETAIN = "000", _("一般挽留")


class ChurnBand(models.TextChoices):
    STAYS = "stays", _("正常")
    WATCH = "watch", _("注意")
    WARN = "warn", _("预警")
    LOST = "lost", _("流失")


class ChurnBasis(models.TextChoices):
    """Whose usual gap between orders the absence is measured against."""

    OWN = "own", _("本人平均下单间隔")
    SEGMENT = "segment", _("同类客户间隔中位数")
    EVERYBODY = "everybody", _("全部客户间隔中位数")


class CareKind(models.TextChoices):
    """What a colleague should know: what the customer likes, and what not to say to them."""

    PREFERENCE = "preference", _("偏好")
    AVOID = "avoid", _("忌讳")


class ConsentPurpose(models.TextChoices):
    """What a customer is asked for, one by one. Contact about service needs no consent but can be refused."""

    CONTACT = "contact", _("主动联系（回访、评价邀请）")
    MARKETING_SMS = "marketing_sms", _("营销短信")
    MARKETING_CALL = "marketing_call", _("营销电话")
    MARKETING_EMAIL = "marketing_email", _("营销邮件")
    PROFILING = "profiling", _("个性化推荐")
    SHARING = "sharing", _("向第三方提供个人信息")
    SENSITIVE = "sensitive", _("处理敏感个人信息")


class ConsentDecision(models.TextChoices):
    GRANTED = "granted", _("同意")
    REFUSED = "refused", _("拒绝")
    WITHDRAWN = "withdrawn", _("撤回")


class ConsentChannel(models.TextChoices):
    """How the customer told us."""

    PHONE = "phone", _("电话")
    CHAT = "chat", _("在线会话")
    SMS = "sms", _("短信")
    EMAIL = "email", _("邮件")
    WEB = "web", _("网页")
    PAPER = "paper", _("书面")
    PROFILE = "profile", _("客服登记")
    OTHER = "other", _("其他")
