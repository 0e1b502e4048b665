"""Calls to the WeChat API: the access token, kept and refreshed once for all; and sending."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import transaction

from core import clock
from core.outbound import NoAnswer, post
from tickets.models import Channel, ChannelAccess
from tickets.services.wechat.account import Account
from tickets.wechat.answers import OK

#: A token is fetched anew this long before it ends.
SPARE = timedelta(minutes=2)
_TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105 (an address)
_SEND_PATH = "/cgi-bin/message/custom/send"


class Failed(Exception):
    """The platform answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"WeChat answered {code}")
        self.code = code


def access_token(channel: Channel, account: Account, *, refused: str = "") -> str:
    """The token in force. refused: a token the platform does not take any more.

    Everybody who needs a new one waits for the lock of the row and finds the one that the first fetched.
    Raises Failed or NoAnswer.
    """
    known = ChannelAccess.objects.filter(channel=channel).first()
    if known is not None and _is_good(known, refused):
        return known.token or ""
    ChannelAccess.objects.get_or_create(channel=channel)
    with transaction.atomic():
        row = ChannelAccess.objects.select_for_update(of=("self",)).get(channel=channel)
        if not _is_good(row, refused):
            _fetch(row, account, refused)
        return row.token or ""


def send_text(*, token: str, open_id: str, text: str) -> int:
    """Send a customer-service message; returns the platform's code. Raises NoAnswer."""
    answer = _call(
        f"{_SEND_PATH}?{urlencode({'access_token': token})}",
        {"touser": open_id, "msgtype": "text", "text": {"content": text}},
    )
    return int(answer.get("errcode", OK))


def _is_good(row: ChannelAccess, refused: str) -> bool:
    return bool(
        row.token and row.token != refused and row.expires_at is not None and row.expires_at > clock.now() + SPARE
    )


def _fetch(row: ChannelAccess, account: Account, refused: str) -> None:
    """The platform gives the same token to everybody who asks; a refused one is replaced by force."""
    answer = _ask(account, by_force=False)
    if refused and answer.get("access_token") == refused:
        answer = _ask(account, by_force=True)
    row.token = str(answer["access_token"])
    row.refreshed_at = clock.now()
    row.expires_at = row.refreshed_at + timedelta(seconds=int(answer.get("expires_in", 0)))
    row.save(update_fields=["token", "refreshed_at", "expires_at"])


def _ask(account: Account, *, by_force: bool) -> dict[str, Any]:
    answer = _call(
        _TOKEN_PATH,
        {
            "grant_type": "client_credential",
            "appid": account.app_id,
            "secret": account.app_secret,
            "force_refresh": by_force,
        },
    )
    if not answer.get("access_token"):
        raise Failed(int(answer.get("errcode", -1)))
    return answer


def _call(path: str, data: dict[str, Any]) -> dict[str, Any]:
    """POST JSON to the API host. Chinese goes as it is: escaped, the platform shows the escapes to people."""
    base = settings.WECHAT_API_URL
    answer = post(
        f"{base}{path}",
        body=json.dumps(data, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json"},
        allow=[urlsplit(base).netloc],
    )
    if not 200 <= answer.status < 300:
        raise NoAnswer(f"WeChat answered with status {answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise NoAnswer("WeChat answered with something else than JSON") from error
    if not isinstance(found, dict):
        raise NoAnswer("WeChat answered with something else than an object")
    return found
