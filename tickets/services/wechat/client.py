"""Calls to the WeChat API: the access token, kept and refreshed once for all; and sending."""

import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import transaction

from core import clock
from core.outbound import Answer, NoAnswer, get, post
from tickets.models import Channel, ChannelAccess
from tickets.services.wechat.account import Account
from tickets.wechat.answers import OK

#: A token is fetched anew this long before it ends.
SPARE = timedelta(minutes=2)
_TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105 (an address)
_SEND_PATH = "/cgi-bin/message/custom/send"
_MEDIA_PATH = "/cgi-bin/media/get"
_UPLOAD_PATH = "/cgi-bin/media/upload"
#: How errors of the media interface are labelled.
_WORDS = frozenset({"application/json", "text/plain", "text/json"})
#: For a picture or a video; the outbox gives a sender twenty in all.
MEDIA_SECONDS = 12.0


class Failed(Exception):
    """The platform answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"WeChat answered {code}")
        self.code = code


class TokenRefused(Failed):
    """The platform gives this account no token: its settings are wrong, or our address is not on its list."""


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


def send_image(*, token: str, open_id: str, media_id: str) -> int:
    """Send an uploaded picture as a customer-service message; returns the platform's code. Raises NoAnswer."""
    answer = _call(
        f"{_SEND_PATH}?{urlencode({'access_token': token})}",
        {"touser": open_id, "msgtype": "image", "image": {"media_id": media_id}},
    )
    return int(answer.get("errcode", OK))


def upload_image(*, token: str, name: str, content: bytes, content_type: str) -> str:
    """Give a picture to the platform, which keeps it for three days; returns its media id.

    Raises Failed with the platform's code, or NoAnswer.
    """
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    answer = _read(
        post(
            f"{settings.WECHAT_API_URL}{_UPLOAD_PATH}?{urlencode({'access_token': token, 'type': 'image'})}",
            body=head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            allow=_host(),
            seconds=MEDIA_SECONDS,
        )
    )
    if not answer.get("media_id"):
        raise Failed(int(answer.get("errcode", -1)))
    return str(answer["media_id"])


def fetch_media(*, token: str, media_id: str, most: int) -> Answer:
    """What the platform keeps under the id, up to `most` bytes. Raises Failed with its code, or NoAnswer."""
    address = f"{settings.WECHAT_API_URL}{_MEDIA_PATH}?{urlencode({'access_token': token, 'media_id': media_id})}"
    answer = get(address, most=most, allow=_host(), seconds=MEDIA_SECONDS)
    if answer.content_type in _WORDS:
        # Errors come as JSON; a video as the address of its file.
        told = _read(answer)
        if not told.get("video_url"):
            raise Failed(int(told.get("errcode", -1)))
        answer = get(str(told["video_url"]), most=most, seconds=MEDIA_SECONDS)
    if not 200 <= answer.status < 300:
        raise NoAnswer(f"WeChat answered with status {answer.status}")
    return answer


def _host() -> list[str]:
    """The API host may be a gateway inside the network."""
    return [urlsplit(settings.WECHAT_API_URL).netloc]


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
        raise TokenRefused(int(answer.get("errcode", -1)))
    return answer


def _call(path: str, data: dict[str, Any]) -> dict[str, Any]:
    """POST JSON to the API host. Chinese goes as it is: escaped, the platform shows the escapes to people."""
    return _read(
        post(
            f"{settings.WECHAT_API_URL}{path}",
            body=json.dumps(data, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            allow=_host(),
        )
    )


def _read(answer: Answer) -> dict[str, Any]:
    if not 200 <= answer.status < 300:
        raise NoAnswer(f"WeChat answered with status {answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise NoAnswer("WeChat answered with something else than JSON") from error
    if not isinstance(found, dict):
        raise NoAnswer("WeChat answered with something else than an object")
    return found
