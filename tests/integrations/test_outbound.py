"""The way out leads to public addresses only."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from core.outbound import AddressRefused, NoAnswer, is_public, post, resolve
from tests.integrations.receiver import Receiver

REFUSED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://0/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://127。0。0。1/",
    "http://127.0.0.1.:80/",
    "http://user@8.8.8.8/",
    "http://user:secret@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://127.0.0.1#@8.8.8.8/",
    "http://8.8.8.8\\@127.0.0.1/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379@127.0.0.1/",
    "http://8.8.8.8:99999/",
    "http://8.8.8.8:x/",
    "http://[::1",
    "http:///path",
    "http://exa mple.com/",
    "http://8.8.8.8/\r\nX: 1",
    "//8.8.8.8/",
    "8.8.8.8",
    "ftp://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "javascript:alert(1)",
    "http://8.8.8.8/" + "a" * 2000,
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_inside_or_a_strange_one_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        resolve(url)


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/", "https://1.1.1.1/hook?x=1", "https://8.8.4.4:8443/", "http://[2606:4700:4700::1111]/"]
)
def test_a_public_address_is_taken(url: str) -> None:
    assert is_public(ipaddress.ip_address(resolve(url).address))


def test_a_host_on_the_list_may_lie_inside() -> None:
    assert resolve("http://127.0.0.1:9/", allow=["127.0.0.1"]).address == "127.0.0.1"
    assert resolve("http://127.0.0.1:9/", allow=["127.0.0.1:9"]).port == 9
    with pytest.raises(AddressRefused):
        resolve("http://127.0.0.1:8000/", allow=["127.0.0.1:9"])
    with pytest.raises(AddressRefused):
        resolve("http://127.0.0.2/", allow=["127.0.0.1"])


def _answers(*addresses: str) -> Any:
    def look_up(host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return look_up


def test_a_name_with_one_inside_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.outbound.socket.getaddrinfo", _answers("8.8.8.8", "10.0.0.1"))
    with pytest.raises(AddressRefused):
        resolve("http://hooks.example/")


def test_a_name_is_looked_up_once_and_that_answer_is_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """A second answer that differs (DNS rebinding) is never asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "rebinding.example":
            asked.append(host)
            return _answers("127.0.0.1" if len(asked) == 1 else "10.0.0.1")(host, port)
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr("core.outbound.socket.getaddrinfo", look_up)
    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    answer = post(url, body=b"{}", headers={}, allow=["rebinding.example"])
    assert answer.status == 200
    assert asked == ["rebinding.example"]
    assert receiver.requests[0].headers["host"] == f"rebinding.example:{receiver.port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


class TestPost:
    def test_redirects_are_not_followed(self, receiver: Receiver) -> None:
        receiver.status, receiver.answer_headers = 302, {"Location": "http://127.0.0.1:1/inside"}
        assert post(receiver.url, body=b"{}", headers={}, allow=["127.0.0.1"]).status == 302
        assert len(receiver.requests) == 1

    def test_a_huge_answer_is_cut_off(self, receiver: Receiver) -> None:
        receiver.body = b"x" * 300_000
        assert len(post(receiver.url, body=b"{}", headers={}, allow=["127.0.0.1"]).body) == 64 * 1024

    @pytest.mark.parametrize("drip", ["headers", "body"])
    def test_an_answer_that_drips_is_given_up(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, drip: str
    ) -> None:
        monkeypatch.setattr("core.outbound.TOTAL_SECONDS", 0.4)
        receiver.drip, receiver.body = drip, b"x" * 500
        with pytest.raises(NoAnswer):
            post(receiver.url, body=b"{}", headers={}, allow=["127.0.0.1"])

    def test_a_closed_port_is_no_answer(self, receiver: Receiver) -> None:
        url = receiver.url
        receiver.stop()
        with pytest.raises(NoAnswer):
            post(url, body=b"{}", headers={}, allow=["127.0.0.1"])

    def test_proxies_of_the_environment_are_not_used(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        assert post(receiver.url, body=b"{}", headers={}, allow=["127.0.0.1"]).status == 200
