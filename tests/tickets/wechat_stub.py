"""A stand-in for the API host of WeChat, and messages as the platform posts them."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tickets.wechat.crypto import decode_key, encrypt, signature

APP_ID = "wxb11529c136998cb6"
#: From the sample that the platform publishes with its encryption.
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "pamtest"
SETTINGS = {"app_id": APP_ID, "app_secret": "0" * 32, "token": TOKEN}
OPEN_ID = "oia2TjjewbmiOUlr6X-1crbLOvLw"


@dataclass
class WeChat:
    """Answers as told: `failures` are statuses given before anything else, `codes` those of messages."""

    failures: deque[int] = field(default_factory=deque)
    codes: deque[int] = field(default_factory=deque)
    good_token: str = "token-1"
    token_requests: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0
    #: What is kept by media id: content type and bytes; an int is the code of an error.
    media: dict[str, tuple[str, bytes] | int] = field(default_factory=dict)
    uploads: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "WeChat":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _kept(self, path: str) -> tuple[str, bytes]:
        """What is kept under a media id, or the error the platform would tell."""
        query = parse_qs(urlsplit(path).query)
        kept: tuple[str, bytes] | int = self.media.get(query["media_id"][0], 40007)
        if query["access_token"] != [self.good_token]:
            kept = 40001
        if isinstance(kept, int):
            return "text/plain", json.dumps({"errcode": kept, "errmsg": "error"}).encode()
        return kept

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        address = urlsplit(path)
        if address.path == "/cgi-bin/media/upload":
            self.uploads.append(body)
            return 200, {"type": "image", "media_id": f"media-{len(self.uploads)}", "created_at": 1}
        data = json.loads(body)
        if address.path == "/cgi-bin/stable_token":
            self.token_requests.append(data)
            if data["force_refresh"]:
                self.good_token += "+"
            return 200, {"access_token": self.good_token, "expires_in": 7200}
        assert address.path == "/cgi-bin/message/custom/send"
        self.tries += 1
        if self.failures:
            return self.failures.popleft(), {}
        if parse_qs(address.query)["access_token"] != [self.good_token]:
            return 200, {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"}
        code = self.codes.popleft() if self.codes else 0
        if code == 0:
            self.sent.append(data)
        return 200, {"errcode": code, "errmsg": "ok" if code == 0 else "error"}

    def _handler(stub) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = stub._answer(self.path, body)
                said = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def do_GET(self) -> None:
                kind, said = stub._kept(self.path)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def xml(created: int, kind: str = "text", **values: str) -> str:
    """A message as the platform writes it."""
    given = {"ToUserName": "gh_7f083739789a", "FromUserName": OPEN_ID, "MsgType": kind, **values}
    leaves = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in given.items())
    return f"<xml>{leaves}<CreateTime>{created}</CreateTime></xml>"


def plain(body: str, timestamp: int, *, token: str = TOKEN, nonce: str = "n1") -> tuple[str, bytes]:
    """Query and body of a message in plain mode."""
    signed = signature(token, str(timestamp), nonce)
    return f"signature={signed}&timestamp={timestamp}&nonce={nonce}&openid={OPEN_ID}", body.encode()


def sealed(body: str, timestamp: int, *, app_id: str = APP_ID, token: str = TOKEN) -> tuple[str, bytes]:
    """Query and body of a message in safe mode."""
    text = encrypt(body.encode(), key=decode_key(AES_KEY), app_id=app_id)
    signed = signature(token, str(timestamp), "n1", text)
    query = f"signature=x&timestamp={timestamp}&nonce=n1&encrypt_type=aes&msg_signature={signed}"
    envelope = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{text}]]></Encrypt></xml>"
    return query, envelope.encode()
