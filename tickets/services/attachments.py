"""Files: checked by content, stored under a random name, never served by name."""

import hashlib
import secrets
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn

import puremagic
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput, TooLarge
from tickets.models import Attachment

if TYPE_CHECKING:
    from crm.staff.models import User

#: Extension → content types its bytes may have. Text formats have no magic bytes and are checked as UTF-8 or GB18030.
ALLOWED: dict[str, frozenset[str]] = {
    "jpg": frozenset({"jpg", "jpeg", "jfif", "jpe"}),
    "jpeg": frozenset({"jpg", "jpeg", "jfif", "jpe"}),
    "png": frozenset({"png"}),
    "gif": frozenset({"gif"}),
    "webp": frozenset({"webp"}),
    "bmp": frozenset({"bmp"}),
    "heic": frozenset({"heic", "heif", "mp4"}),
    "pdf": frozenset({"pdf"}),
    "doc": frozenset({"doc", "xls", "ppt", "msi"}),
    "xls": frozenset({"doc", "xls", "ppt", "msi"}),
    "docx": frozenset({"docx", "zip", "xlsx", "pptx"}),
    "xlsx": frozenset({"docx", "zip", "xlsx", "pptx"}),
    "zip": frozenset({"zip", "docx", "xlsx", "pptx", "jar"}),
    "mp3": frozenset({"mp3"}),
    "m4a": frozenset({"m4a", "mp4"}),
    "wav": frozenset({"wav"}),
    "amr": frozenset({"amr"}),
    "mp4": frozenset({"mp4", "m4v", "m4a", "mov"}),
    "mov": frozenset({"mov", "mp4"}),
}
TEXT = frozenset({"txt", "csv", "log", "eml"})
CONTENT_TYPES = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "bmp": "image/bmp", "heic": "image/heic", "pdf": "application/pdf", "mp3": "audio/mpeg", "m4a": "audio/mp4",
    "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime", "txt": "text/plain", "csv": "text/csv",
}  # fmt: skip


def _refuse(sentence: str) -> NoReturn:
    raise InvalidInput(sentence, fields={"file": [sentence]})


def clean_name(name: str) -> str:
    """The last part of a given file name without path, control and direction-changing characters."""
    base = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(
        ch for ch in base if ch.isprintable() and ch not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return kept.strip(". ")[-200:] or "file"


def _check_content(extension: str, head: bytes) -> None:
    if extension in TEXT:
        if b"\0" in head:
            _refuse(str(_("文件内容与扩展名 .%(ext)s 不符。") % {"ext": extension}))
        return
    if extension not in ALLOWED:
        _refuse(str(_("不支持 .%(ext)s 文件。") % {"ext": extension or "?"}))
    try:
        found = {match.extension.lstrip(".").lower() for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        found = set()
    if not found & ALLOWED[extension]:
        _refuse(str(_("文件内容与扩展名 .%(ext)s 不符。") % {"ext": extension}))


def store_attachment(*, upload: "UploadedFile[Any]", actor: "User | None") -> Attachment:
    """Check and store an uploaded file. Its type is told by its bytes, not by its name."""
    name = clean_name(upload.name or "")
    size = upload.size or 0
    if size > settings.ATTACHMENT_MAX_BYTES:
        limit = settings.ATTACHMENT_MAX_BYTES // 1024 // 1024
        sentence = str(_("附件不能超过 %(limit)d MB。") % {"limit": limit})
        raise TooLarge(sentence, fields={"file": [sentence]})
    if size == 0:
        _refuse(str(_("文件是空的。")))
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    digest = hashlib.sha256()
    for index, chunk in enumerate(upload.chunks()):
        if index == 0:
            _check_content(extension, chunk[:4096])
        digest.update(chunk)
    upload.seek(0)
    upload.name = f"{secrets.token_hex(16)}.bin"
    return Attachment.objects.create(
        file=upload,
        name=name,
        size=size,
        content_type=CONTENT_TYPES.get(extension, "application/octet-stream"),
        sha256=digest.hexdigest(),
        uploader=actor,
    )
