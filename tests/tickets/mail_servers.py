"""Mail servers for tests: small, real on the wire, TLS included. They speak what our side needs of the protocols."""

import contextlib
import datetime
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, host: str = "localhost") -> Path:
    """A self-signed certificate with its key in one file, good for the real date and for tests' dates."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    state: Any
    context: ssl.SSLContext | None

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(20)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


@contextlib.contextmanager
def _running(handler: type[socketserver.StreamRequestHandler], state: Any, certificate: Path | None) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        server.state = state
        server.context = None
        if certificate:
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(certificate)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.context and self.server.state.implicit_tls:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def upgrade(self) -> None:
        """STARTTLS: the same connection, encrypted from here."""
        assert self.server.context
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.connection = self.request
        socketserver.StreamRequestHandler.setup(self)

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


# IMAP


@dataclass
class Stored:
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Imap:
    """The account behind the server, and switches for what goes wrong."""

    mails: dict[int, Stored] = field(default_factory=dict)
    validity: int = 1
    user: str = "kefu@shop.cn"
    password: str = "secret word"
    implicit_tls: bool = True
    needs_id: bool = False
    drops_at: str = ""
    tells_uidnext: bool = True
    log: list[str] = field(default_factory=list)
    port: int = 0

    def add(self, raw: bytes, *flags: str) -> int:
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = Stored(raw, set(flags))
        return uid

    def unseen(self) -> list[int]:
        return [uid for uid, mail in self.mails.items() if "\\Seen" not in mail.flags]


class _ImapHandler(_Handler):
    def handle(self) -> None:
        self.account: Imap = self.server.state
        self.introduced = False
        self.say("* OK ready")
        while line := self.rfile.readline():
            tag, _space, rest = line.decode("utf-8", "replace").strip().partition(" ")
            self.account.log.append(rest)
            word = rest.upper()
            if self.account.drops_at and word.startswith(self.account.drops_at):
                self.request.shutdown(socket.SHUT_RDWR)
                return
            verb = word.removeprefix("UID ").split(" ")[0]
            if getattr(self, f"do_{verb.lower()}")(tag, rest):
                return

    def do_capability(self, tag: str, rest: str) -> None:
        starttls = "" if self.account.implicit_tls or not self.server.context else " STARTTLS"
        self.say(f"* CAPABILITY IMAP4rev1 ID{starttls}")
        self.say(f"{tag} OK done")

    def do_starttls(self, tag: str, rest: str) -> None:
        self.say(f"{tag} OK begin")
        self.upgrade()

    def do_id(self, tag: str, rest: str) -> None:
        self.introduced = True
        self.say('* ID ("name" "test")')
        self.say(f"{tag} OK done")

    def do_login(self, tag: str, rest: str) -> None:
        given = [one.strip('"') for one in re.findall(r'"[^"]*"|\S+', rest)[1:]]
        is_right = given == [self.account.user, self.account.password]
        self.say(f"{tag} OK in" if is_right else f"{tag} NO [AUTHENTICATIONFAILED] no")

    def do_select(self, tag: str, rest: str) -> None:
        if self.account.needs_id and not self.introduced:
            self.say(f"{tag} NO Unsafe Login")
            return
        self.say(f"* {len(self.account.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.account.validity}] ok")
        if self.account.tells_uidnext:
            self.say(f"* OK [UIDNEXT {max(self.account.mails, default=0) + 1}] ok")
        self.say(f"{tag} OK [READ-WRITE] open")

    def do_search(self, tag: str, rest: str) -> None:
        what = rest.upper()
        if "UNSEEN" in what:
            found = self.account.unseen()
        elif match := re.search(r"UID (\d+):\*", what.removeprefix("UID SEARCH ")):
            last = max(self.account.mails, default=0)
            found = [uid for uid in self.account.mails if uid >= int(match[1]) or uid == last]
        else:
            found = list(self.account.mails)
        self.say("* SEARCH " + " ".join(map(str, found)))
        self.say(f"{tag} OK done")

    def do_fetch(self, tag: str, rest: str) -> None:
        uid = int(rest.split()[2])
        mail = self.account.mails.get(uid)
        if mail and "RFC822.SIZE" in rest:
            self.say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(mail.raw)})")
        elif mail:
            part = re.search(r"<0\.(\d+)>", rest)
            raw = mail.raw[: int(part[1])] if part else mail.raw
            name = "BODY[]<0>" if part else "BODY[]"
            self.wfile.write(f"* {uid} FETCH (UID {uid} {name} {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        self.say(f"{tag} OK done")

    def do_store(self, tag: str, rest: str) -> None:
        uid = int(rest.split()[2])
        self.account.mails[uid].flags |= set(re.findall(r"\\\w+", rest))
        self.say(f"{tag} OK done")

    def do_logout(self, tag: str, rest: str) -> bool:
        self.say(f"{tag} OK bye")
        return True


@contextlib.contextmanager
def imap_server(account: Imap, certificate: Path | None) -> Iterator[Imap]:
    with _running(_ImapHandler, account, certificate) as port:
        account.port = port
        yield account


# SMTP


@dataclass
class Smtp:
    """What was delivered, and the answers it gives: a verb → code and words, consumed one by one."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    implicit_tls: bool = True
    user: str = ""
    password: str = ""
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    def answer(self, verb: str, usual: str) -> str:
        waiting = self.answers.get(verb)
        return waiting.pop(0) if waiting else usual


class _SmtpHandler(_Handler):
    def handle(self) -> None:
        self.post: Smtp = self.server.state
        self.sender, self.to = "", list[str]()
        self.say("220 ready")
        while line := self.rfile.readline():
            text = line.decode("utf-8", "replace").strip()
            verb = text[:4].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            self.take(verb, text)

    def take(self, verb: str, text: str) -> None:
        match verb:
            case "EHLO":
                offers = ["250-test"]
                if self.server.context and not isinstance(self.request, ssl.SSLSocket):
                    offers.append("250-STARTTLS")
                self.say("\r\n".join([*offers, "250 AUTH PLAIN"]))
            case "STAR":
                self.say("220 go")
                self.upgrade()
            case "AUTH":
                self.say(self.post.answer("AUTH", "235 in"))
            case "MAIL":
                self.sender, self.to = text.partition("<")[2].partition(">")[0], []
                self.say(self.post.answer("MAIL", "250 ok"))
            case "RCPT":
                said = self.post.answer("RCPT", "250 ok")
                if said.startswith("2"):
                    self.to.append(text.partition("<")[2].rstrip(">"))
                self.say(said)
            case "DATA":
                self.data()
            case _:
                self.say("250 ok")

    def data(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        said = self.post.answer("DATA", "250 taken")
        if said.startswith("2"):
            self.post.letters.append((self.sender, self.to, b"".join(lines)))
            self.post.encrypted.append(isinstance(self.request, ssl.SSLSocket))
        self.say(said)


@contextlib.contextmanager
def smtp_server(post: Smtp, certificate: Path | None) -> Iterator[Smtp]:
    with _running(_SmtpHandler, post, certificate) as port:
        post.port = port
        yield post
