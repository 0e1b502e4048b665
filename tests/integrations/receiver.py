"""A receiver of webhooks on this machine."""

import contextlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers POSTs as it is told and notes what it got. `drip` sends headers or body byte by byte."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.status = 200
        self.answer_headers: dict[str, str] = {}
        self.body = b"ok"
        self.drip = ""
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Received(headers, self.rfile.read(length)))
                with contextlib.suppress(OSError):
                    self._answer()

            def _answer(self) -> None:
                if receiver.drip == "headers":
                    self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)
                    return
                self.send_response(receiver.status)
                for name, value in receiver.answer_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                if receiver.drip == "body":
                    self._drip(receiver.body)
                else:
                    self.wfile.write(receiver.body)

            def _drip(self, data: bytes) -> None:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if receiver._stopping.wait(0.05):
                        return

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
