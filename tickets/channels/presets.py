"""Presets of shop platforms: the field names their order data bears, and ours.

Platforms open no public interface for their chats: messages come from the merchant's own connection,
signed with the channel's secret. So that it need not rename what it has, an account and an order may
bear the platform's own names; the message itself is named alike for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from customers.choices import ShopPlatform

#: The message itself, the same for every platform: name that is accepted → ours.
MESSAGE_FIELDS = {
    "message_id": "external_id",
    "content": "body",
    "sent_at": "occurred_at",
    "buyer_id": "customer.account",
    "buyer_name": "customer.name",
}


@dataclass(frozen=True)
class Preset:
    """A platform's names for what an order says; `fields`: its name → ours.

    accounts: the platform whose accounts its buyers have, when that is another one.
    """

    key: str
    label: str | Promise
    fields: Mapping[str, str] = field(default_factory=dict)
    accounts: str = ""

    @property
    def account_platform(self) -> str:
        return self.accounts or self.key

    @property
    def names(self) -> dict[str, str]:
        """Every name that is accepted besides our own."""
        return {**MESSAGE_FIELDS, **self.fields}

    def translated(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The body in our words. Raises InvalidInput when a thing is said twice."""
        found: dict[str, Any] = {}
        given: dict[str, Any] = {}
        for name, value in data.items():
            target = self.names.get(name, name)
            _put(given if target.startswith("customer.") else found, target.removeprefix("customer."), value, name)
        if not given:
            return found
        customer = found.get("customer", {})
        if not isinstance(customer, dict):
            _refuse("customer", _("须为对象。"))
        found["customer"] = self._customer(customer, given)
        return found

    def _customer(self, customer: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        merged = dict(customer)
        account = given.pop("account", None)
        for name, value in given.items():
            _put(merged, name, value, name)
        if account is not None:
            accounts = merged.get("external_ids") or {}
            if not isinstance(accounts, dict):
                _refuse("customer.external_ids", _("须为对象。"))
            merged["external_ids"] = {**accounts, self.account_platform: str(account)}
        return merged


def _put(found: dict[str, Any], target: str, value: Any, name: str) -> None:
    if target in found:
        _refuse(name, _("与另一字段重复。"))
    found[target] = value


def _refuse(name: str, sentence: str | Promise) -> None:
    raise InvalidInput(str(sentence), fields={name: [str(sentence)]})


_TAOBAO = {
    "tid": "order_no",
    "buyer_open_uid": "customer.account",
    "buyer_nick": "customer.name",
    "sku_id": "product",
}

PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(ShopPlatform.TAOBAO, ShopPlatform.TAOBAO.label, _TAOBAO),
        Preset(ShopPlatform.TMALL, ShopPlatform.TMALL.label, _TAOBAO, accounts=ShopPlatform.TAOBAO),
        Preset(
            ShopPlatform.JD,
            ShopPlatform.JD.label,
            {"order_id": "order_no", "open_id_buyer": "customer.account", "sku_id": "product"},
        ),
        Preset(
            ShopPlatform.DOUYIN,
            ShopPlatform.DOUYIN.label,
            {"order_id": "order_no", "doudian_open_id": "customer.account", "sku_id": "product"},
        ),
        Preset(ShopPlatform.PDD, ShopPlatform.PDD.label, {"order_sn": "order_no", "sku_id": "product"}),
        Preset(ShopPlatform.KUAISHOU, ShopPlatform.KUAISHOU.label, {"oid": "order_no", "skuId": "product"}),
        Preset(ShopPlatform.XIAOHONGSHU, ShopPlatform.XIAOHONGSHU.label, {"orderId": "order_no", "skuId": "product"}),
    )
}
#: Choices for rows and forms; none is the first.
CHOICES = [(key, preset.label) for key, preset in PRESETS.items()]


def preset_of(key: str) -> Preset | None:
    """The preset of that key, if there is one."""
    return PRESETS.get(key)
