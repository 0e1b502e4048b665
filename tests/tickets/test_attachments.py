"""Files: judged by their bytes, kept under a random name, given out as downloads only, to who may see the ticket."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.staff.models import User
from tests.tickets.mails import PDF, PNG
from tests.workbench.conftest import browser
from tickets.models import Attachment, Ticket
from tickets.services import conversation
from tickets.services.attachments import store_attachment

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B03")]
URL = "/api/v1/attachments/"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\0" * 40
GIF = b"GIF89a" + b"\0" * 40
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\0" * 40
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 40
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\0" * 100
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def archive(name: str = "a.txt", content: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return made.getvalue()


def in_archives(levels: int) -> bytes:
    """A zip in a zip in a zip …"""
    content = b"x"
    for _level in range(levels):
        content = archive("next.zip", content)
    return content


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(client: Client, name: str, content: bytes, kind: str = "application/octet-stream") -> Any:
    return client.post(URL, {"file": SimpleUploadedFile(name, content, kind)})


@pytest.mark.parametrize(
    ("name", "content", "kept_as"),
    [
        pytest.param("图.png", PNG, "图.png", id="png"),
        pytest.param("a.JPG", JPEG, "a.JPG", id="jpeg, capitals"),
        pytest.param("a.gif", GIF, "a.gif", id="gif"),
        pytest.param("a.webp", WEBP, "a.webp", id="webp"),
        pytest.param("a.pdf", PDF, "a.pdf", id="pdf"),
        pytest.param("a.mp4", MP4, "a.mp4", id="mp4"),
        pytest.param("a.xls", OLE, "a.xls", id="old office"),
        pytest.param("a.txt", "文字".encode("gbk"), "a.txt", id="text in gbk"),
        pytest.param("a.csv", b"=cmd|'/c calc'!A0", "a.csv", id="csv with a formula: a file is given back as it is"),
        pytest.param("page.html.txt", HTML, "page.html.txt", id="html called text"),
        pytest.param("a.zip", archive(content=b"\0" * 5_000_000), "a.zip", id="zip bomb, never opened"),
        pytest.param("a.zip", in_archives(100), "a.zip", id="a hundred archives in each other, never opened"),
        pytest.param("a.png", PNG + HTML + archive(), "a.png", id="picture, page and archive in one"),
        pytest.param("../../etc/cron.d/a.png", PNG, "a.png", id="path"),
        pytest.param("C:\\Windows\\a.png", PNG, "a.png", id="windows path"),
        pytest.param("a\u202egnp.png", PNG, "agnp.png", id="direction turned"),
        pytest.param("a\r\nSet-Cookie: x=1.png", PNG, None, id="line ends"),
        pytest.param('a"b;c.png', PNG, None, id="quotes"),
        pytest.param("-rf .png", PNG, "-rf .png", id="looks like an option"),
        pytest.param("a" * 190 + ".png", PNG, "a" * 190 + ".png", id="long"),
    ],
)
def test_what_is_kept(agent: User, name: str, content: bytes, kept_as: str | None) -> None:
    upload_file = SimpleUploadedFile("x", content)
    upload_file.name = name
    stored = store_attachment(upload=upload_file, actor=agent)
    if kept_as is not None:
        assert stored.name == kept_as
    assert not set(stored.name) & set("/\\\r\n\0")
    # Under a random name, in the folder of files and nowhere else.
    path = Path(stored.file.path)
    assert re.fullmatch(r"[0-9a-f]{32}\.bin", path.name)
    assert path.read_bytes() == content
    answer = browser(agent).get(f"{URL}{stored.pk}/download/")
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert "\n" not in answer["Content-Disposition"]
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.exe", EXE, id="program"),
        pytest.param("a.png", EXE, id="program called picture"),
        pytest.param("a.txt", EXE, id="program called text"),
        pytest.param("发票.pdf.exe", EXE, id="double extension"),
        pytest.param("发票.pdf.js", b"alert(1)", id="script behind a document's name"),
        pytest.param("a.html", HTML, id="html"),
        pytest.param("a.htm", HTML, id="htm"),
        pytest.param("a.xhtml", HTML, id="xhtml"),
        pytest.param("a.svg", SVG, id="svg"),
        pytest.param("a.png", SVG, id="svg called picture"),
        pytest.param("a.jpg", HTML, id="html called picture"),
        pytest.param("a.pdf", PNG, id="picture called document"),
        pytest.param("a.docx", EXE, id="program called document"),
        pytest.param("a.docm", archive(), id="document with macros"),
        pytest.param("a.lnk", b"L\0\0\0", id="shortcut"),
        pytest.param("a.bat", b"del *", id="batch"),
        pytest.param("a.com", EICAR, id="test virus"),
        pytest.param("a.jar", archive(), id="jar"),
        pytest.param("a.iso", b"\0" * 100, id="disk image"),
        pytest.param("noextension", PNG, id="no extension"),
        pytest.param(".png", PNG, id="nothing but an extension"),
        pytest.param("a.png\0.exe", EXE, id="NUL in the name"),
        pytest.param("a.png.", EXE, id="dot at the end"),
        pytest.param("a.png", b"", id="empty"),
    ],
)
def test_what_is_refused_with_a_sentence(agent: User, name: str, content: bytes) -> None:
    answer = upload(browser(agent), name, content, "image/png")
    assert answer.status_code == 400, answer.content
    assert "file" in answer.json()["fields"]
    assert not Attachment.objects.exists()


def test_size_is_limited_without_holding_the_file_in_memory(agent: User, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 3 * 1024 * 1024
    big = PNG + b"\0" * (3 * 1024 * 1024)
    answer = upload(browser(agent), "a.png", big)
    assert answer.status_code == 413
    assert "3 MB" in answer.json()["message"]
    assert upload(browser(agent), "a.png", big[: 3 * 1024 * 1024]).status_code == 201
    assert settings.FILE_UPLOAD_MAX_MEMORY_SIZE <= 3 * 1024 * 1024


def test_sight(make_ticket: Callable[..., Ticket], agent: User, agent2: User, other_agent: User, auditor: User) -> None:
    ticket = make_ticket()
    stored = store_attachment(upload=SimpleUploadedFile("a.png", PNG), actor=agent)
    addresses = (f"{URL}{stored.pk}/download/", f"/desk/files/{stored.pk}/")
    # Not sent yet: the uploader's alone.
    for address in addresses:
        assert browser(agent).get(address).status_code == 200
        assert browser(agent2).get(address).status_code == 404
    conversation.reply(ticket=ticket, actor=agent, body="看图", attachments=[stored])
    for address in addresses:
        for user, status in ((agent, 200), (agent2, 200), (auditor, 200), (other_agent, 404)):
            assert browser(user).get(address).status_code == status
        assert Client().get(address).status_code in (302, 401)
    # The stored file has no address of its own.
    for guess in (f"/media/{stored.file.name}", f"/{stored.file.name}", f"/static/{stored.file.name}"):
        assert browser(agent).get(guess).status_code == 404


def test_nobody_sends_somebody_elses_upload(make_ticket: Callable[..., Ticket], agent: User, agent2: User) -> None:
    stored = store_attachment(upload=SimpleUploadedFile("a.png", PNG), actor=agent)
    ticket = make_ticket()
    answer = browser(agent2).post(
        f"/api/v1/tickets/{ticket.pk}/messages/",
        {"kind": "reply", "body": "看图", "attachments": [stored.pk]},
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert "attachments" in answer.json()["fields"]
