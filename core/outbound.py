"""The only way out to addresses that people type in: public hosts only, the checked address pinned.

Resolved once, checked, and connected to exactly that address, so a name that answers differently the
second time gains nothing. No redirects, no proxies from the environment, bounded in time and size.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

TOTAL_SECONDS = 5.0
RESOLVE_SECONDS = 3.0
LARGEST_ANSWER = 64 * 1024
LONGEST_URL = 2000

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Prefixes that carry another address inside and may lead where that one leads, and special ranges
# that the standard library of Python 3.11 takes for public (192.0.0.0/24 holds a cloud's metadata).
_NEVER = tuple(
    ipaddress.ip_network(net)
    for net in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "100::/64",
        "::/96",
        "192.0.0.0/24",
        "192.88.99.0/24",
    )
)
_resolver = ThreadPoolExecutor(8, thread_name_prefix="resolve")


class AddressRefused(InvalidInput):
    """The address leads, or may lead, inside the network; or is not one we speak to."""

    default_code = "address_refused"


class NoAnswer(Exception):
    """The other side did not answer properly in time."""


@dataclass(frozen=True)
class Target:
    """A checked address: where to connect, and what to call it."""

    url: str
    host: str
    port: int
    address: str


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    content_type: str = ""
    #: What came was longer than asked for: the body is its beginning.
    is_cut: bool = False


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet and to nothing else."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.is_site_local:
            return False
    if any(address in net for net in _NEVER):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_url(url: str, *, allow: Collection[str] = ()) -> SplitResult:
    """Refuse what is wrong with an address before anything is resolved.

    allow: hosts ("10.0.0.5", "hooks.corp:8443") that may lie inside the network.
    """
    if len(url) > LONGEST_URL or not url.isprintable() or any(c in url for c in " \\"):
        raise AddressRefused(_("地址含有不允许的字符或过长。"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(_("地址格式不正确。")) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise AddressRefused(_("地址须以 http:// 或 https:// 开头。"))
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(_("地址中不能带用户名或密码。"))
    is_usual = port is None or port in {80, 443} or port >= 1024
    if not is_usual and not _is_allowed(parts, allow):
        raise AddressRefused(_("不允许使用这个端口。"))
    return parts


def resolve(url: str, *, allow: Collection[str] = ()) -> Target:
    """Check an address and decide which IP address stands for it. Every address of the name must be public."""
    parts = check_url(url, allow=allow)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _look_up(host, port)
    if not _is_allowed(parts, allow) and not all(is_public(address) for address in addresses):
        raise AddressRefused(_("地址指向内部网络，已拒绝。"))
    return Target(url=url, host=host, port=port, address=str(addresses[0]))


def resolve_host(host: str, port: int, *, allow: Collection[str] = ()) -> Target:
    """The address to connect to for a bare host, of any protocol; every address of it must be public.

    allow: hosts that may lie inside the network. Raises AddressRefused.
    """
    name = host.strip().lower()
    if not name or len(name) > 253 or not name.isprintable() or any(c in name for c in " /\\@"):
        raise AddressRefused(_("主机名不正确。"))
    addresses = _look_up(name, port)
    if name not in {entry.strip().lower() for entry in allow} and not all(is_public(one) for one in addresses):
        raise AddressRefused(_("地址指向内部网络，已拒绝。"))
    return Target(url="", host=name, port=port, address=str(addresses[0]))


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    allow: Collection[str] = (),
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """POST to a checked address. Raises AddressRefused or NoAnswer; any status is an answer.

    seconds: for all of it; more than the usual only for what is large.
    """
    return _ask("POST", resolve(url, allow=allow), body, headers, most=LARGEST_ANSWER, seconds=seconds)


def get(url: str, *, most: int, allow: Collection[str] = (), seconds: float = TOTAL_SECONDS) -> Answer:
    """GET from a checked address, up to `most` bytes. Raises AddressRefused or NoAnswer; any status is an answer."""
    return _ask("GET", resolve(url, allow=allow), b"", {}, most=most, seconds=seconds)


def _ask(method: str, target: Target, body: bytes, headers: Mapping[str, str], *, most: int, seconds: float) -> Answer:
    try:
        return asyncio.run(asyncio.wait_for(_talk(method, target, body, headers, most), seconds))
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {seconds:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:300]) from error


async def _talk(method: str, target: Target, body: bytes, headers: Mapping[str, str], most: int) -> Answer:
    address = f"[{target.address}]" if ":" in target.address else target.address
    named = urlsplit(target.url)
    pinned = named._replace(netloc=f"{address}:{target.port}", fragment="").geturl()
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TOTAL_SECONDS) as client,
        client.stream(
            method,
            pinned,
            content=body,
            headers={**headers, "Host": named.netloc, "Accept-Encoding": "identity"},
            extensions={"sni_hostname": target.host},
        ) as response,
    ):
        received = bytearray()
        async for chunk in response.aiter_raw():
            received += chunk
            if len(received) > most:
                break
        return Answer(
            status=response.status_code,
            body=bytes(received[:most]),
            content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            is_cut=len(received) > most,
        )


def _look_up(host: str, port: int) -> list[IPAddress]:
    try:
        found = _resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(RESOLVE_SECONDS)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    except (OSError, UnicodeError, ValueError, FutureTimeoutError) as error:
        raise AddressRefused(_("找不到这个主机。"), code="host_unknown") from error
    if not addresses:
        raise AddressRefused(_("找不到这个主机。"), code="host_unknown")
    return addresses


def _is_allowed(parts: SplitResult, allow: Collection[str]) -> bool:
    host = parts.hostname or ""
    listed = {entry.strip().lower() for entry in allow}
    return bool(host) and (host in listed or parts.netloc.lower() in listed)
