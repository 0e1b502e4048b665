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


class OrderStatus(models.TextChoices):
    CREATED = "created", _("待付款")
    PAID = "paid", _("已付款")
    SHIPPED = "shipped", _("已发货")
    SIGNED = "signed", _("已签收")
    COMPLETED = "completed", _("已完成")
    CANCELLED = "cancelled", _("已取消")
    REFUNDED = "refunded", _("已退款")
