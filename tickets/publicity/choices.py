"""Words of public posts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PostPlatform(models.TextChoices):
    WEIBO = "weibo", _("微博")
    XIAOHONGSHU = "xiaohongshu", _("小红书")
    DOUYIN = "douyin", _("抖音")
    KUAISHOU = "kuaishou", _("快手")
    BILIBILI = "bilibili", _("哔哩哔哩")
    ZHIHU = "zhihu", _("知乎")
    WECHAT = "wechat", _("微信公众号")
    HEIMAO = "heimao", _("黑猫投诉")
    NEWS = "news", _("新闻媒体")
    OTHER = "other", _("其他")


class Sentiment(models.TextChoices):
    NEGATIVE = "negative", _("负面")
    NEUTRAL = "neutral", _("中性")
    POSITIVE = "positive", _("正面")
