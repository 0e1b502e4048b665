"""The columns of the ticket list, in the order in which they stand."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Key, words and the class of the column's width. The title always stands first.
COLUMNS: dict[str, tuple[str | Promise, str]] = {
    "number": (_("工单号"), "w-col-number"),
    "customer": (_("客户"), "w-col-name"),
    "type": (_("类型"), "w-col-word"),
    "status": (_("状态"), "w-col-status"),
    "priority": (_("优先级"), "w-col-word"),
    "category": (_("分类"), "w-col-name"),
    "queue": (_("队列"), "w-col-name"),
    "assignee": (_("负责人"), "w-col-name"),
    "channel": (_("渠道"), "w-col-name"),
    "shop": (_("店铺"), "w-col-name"),
    "due": (_("时效"), "w-col-clock"),
    "transfers": (_("转接"), "w-col-word"),
    "last": (_("最后消息"), "w-col-time"),
    "created": (_("创建"), "w-col-time"),
}
USUAL = ("number", "customer", "type", "status", "priority", "queue", "assignee", "channel", "due", "created")
