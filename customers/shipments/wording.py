"""The words of a notice: the published script of the library where there is one, else our own.

The library lives above this floor and registers itself: it gets a topic and values, and gives the filled text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from customers.models import ShipmentException
from customers.shipment_choices import ExceptionKind, Remedy

#: Scripts of the library are found by these keys: "logistics.stalled" and so on.
KEY = "logistics.%s"


@dataclass(frozen=True)
class Words:
    """What is sent. `source` names the script and its version; "" for our own words."""

    title: str
    body: str
    source: str = ""


# (key of the script, values of placeholders) -> the filled text; None when there is none to use.
ScriptSource = Callable[[str, Mapping[str, str]], Words | None]

_sources: list[ScriptSource] = []


def register_script_source(source: ScriptSource) -> ScriptSource:
    if source not in _sources:
        _sources.append(source)
    return source


TITLES: Mapping[str, Promise] = {
    ExceptionKind.NOT_PICKED_UP: lazy("您的包裹还没有发出，我们正在处理"),
    ExceptionKind.STALLED: lazy("您的包裹停留较久，我们正在处理"),
    ExceptionKind.DELIVERY_FAILED: lazy("您的包裹派送未成功，我们正在处理"),
    ExceptionKind.RETURNING: lazy("您的包裹正被退回，我们正在处理"),
    ExceptionKind.LOST: lazy("您的包裹可能丢失，我们来解决"),
    ExceptionKind.DAMAGED: lazy("您的包裹运输途中破损，我们来解决"),
}
BODY = lazy(
    "%(greeting)s您好！\n\n您的订单 %(order)s（%(carrier)s %(number)s）%(problem)s，自 %(since)s 起没有正常进展。"
    "给您添麻烦了，我们已经在催促处理，不需要您做什么。\n\n如果您不想再等，可以选择：%(offers)s。"
    "直接回复告诉我们您的选择即可，无需等快递公司处理完。"
)


def offers_text(offers: list[str]) -> str:
    labels = [str(Remedy(one).label) for one in offers]
    return "；".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))


def words_for(row: ShipmentException) -> Words:
    """What the customer shall read, with the offers named."""
    parcel = row.shipment
    order = parcel.order
    values = {
        "customer_name": order.customer.name or str(_("亲爱的客户")),
        "order_no": order.order_no,
        "carrier": parcel.carrier.name,
        "tracking_no": parcel.tracking_no,
        "shop_name": order.shop.name,
        "solution": offers_text(row.offers),
    }
    title = str(TITLES[row.kind])
    for source in _sources:
        found = source(KEY % row.kind, values)
        if found is not None:
            return Words(found.title or title, found.body, found.source)
    body = str(BODY) % {
        "greeting": values["customer_name"],
        "order": order.order_no,
        "carrier": parcel.carrier.name,
        "number": parcel.tracking_no,
        "problem": row.get_kind_display(),
        "since": f"{timezone.localtime(row.since):%Y-%m-%d %H:%M}",
        "offers": values["solution"],
    }
    return Words(title, body)
