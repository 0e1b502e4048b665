"""Connections to mail servers that people type in: the checked address pinned, the certificate verified.

Public hosts only, unless KEAN_MAIL_ALLOW names the host; without encryption only to hosts it names.
"""

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.outbound import AddressRefused, Target, resolve_host

TIMEOUT = 10.0  # seconds for one step of the conversation; the outbox gives a sender twenty in all


class Security(models.TextChoices):
    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("不加密（仅限内部主机）")


def check_server(*, host: str, port: int, security: str) -> Target:
    """Where to connect. Raises AddressRefused for hosts inside the network, and for plain text to other hosts."""
    if security == Security.NONE and host.strip().lower() not in _allowed():
        raise AddressRefused(_("不加密的连接仅限 KEAN_MAIL_ALLOW 中的主机。"))
    return resolve_host(host, port, allow=_allowed())


def open_imap(*, host: str, port: int, security: str) -> imaplib.IMAP4:
    """A connection that is not logged in yet. Raises AddressRefused, OSError or imaplib.IMAP4.error."""
    target = check_server(host=host, port=port, security=security)
    connection = _PinnedIMAP(target, _context() if security == Security.TLS else None)
    if security == Security.STARTTLS:
        connection.starttls(_context())
    return connection


def _allowed() -> frozenset[str]:
    return frozenset(entry.strip().lower() for entry in settings.MAIL_ALLOW)


def _context() -> ssl.SSLContext:
    """Verifies name and chain; KEAN_MAIL_CA_FILE adds a company's own authority."""
    context = ssl.create_default_context()
    if settings.MAIL_CA_FILE:
        context.load_verify_locations(settings.MAIL_CA_FILE)
    return context


class _PinnedIMAP(imaplib.IMAP4):
    """Connects to the checked address and expects the certificate of the name."""

    def __init__(self, target: Target, context: ssl.SSLContext | None) -> None:
        self._target, self._context = target, context
        super().__init__(target.host, target.port, TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._target.address, self._target.port), timeout)
        return self._context.wrap_socket(plain, server_hostname=self._target.host) if self._context else plain


class _PinnedSMTP(smtplib.SMTP):
    def __init__(self, address: str, *args: Any, **kwargs: Any) -> None:
        self._address = address
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _PinnedSMTPOverTLS(_PinnedSMTP):
    def __init__(self, *args: Any, context: ssl.SSLContext, **kwargs: Any) -> None:
        self._context = context
        super().__init__(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


class PinnedBackend(EmailBackend):
    """Django's way to a mail server, with the address checked when the connection is opened."""

    def __init__(self, *, security: str, **kwargs: Any) -> None:
        super().__init__(
            use_tls=security == Security.STARTTLS, use_ssl=security == Security.TLS, timeout=TIMEOUT, **kwargs
        )
        self._security = security

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return _context()

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]
        target = check_server(host=self.host, port=self.port, security=self._security)
        kind = _PinnedSMTPOverTLS if self._security == Security.TLS else _PinnedSMTP
        return partial(kind, target.address)
