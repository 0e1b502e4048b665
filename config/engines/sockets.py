"""Two questions asked over a socket: does Valkey answer, does the first page answer."""

import http.client
import socket
from pathlib import Path

from .errors import EngineError


def answers_ping(path: Path) -> bool:
    """Whether a Valkey or Redis on this Unix socket answers and has finished loading."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def bind(host: str, port: int) -> socket.socket:
    """The web socket, bound once and inherited by every web process: a restart refuses no visitor.

    A plain bind: when another server has the port we say so, instead of sharing its visitors.
    Raises EngineError when the port is taken or the host is not ours.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        raise EngineError(
            f"无法监听 {host}:{port}：{error.strerror or error}。请停掉占用该端口的程序，或用 PORT=… 换一个端口。"
            f"(Cannot listen on {host}:{port}: stop what uses the port, or choose another with PORT=….)"
        ) from error
    return listener


def page_status(host: str, port: int, path: str) -> int:
    """The HTTP status of a page of ours; 0 when nothing answers yet."""
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
