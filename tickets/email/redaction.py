"""A mail without the numbers that must not be kept: bank cards and identity numbers in what was written.

The mail stays a mail, with its headers, files and shape; only the texts that hold such a number are written
anew. A signature over it no longer fits, which is the lesser evil.
"""

import email
import email.policy
from collections.abc import Callable
from email import encoders
from email.header import Header
from email.message import Message

from tickets.email.charsets import clean, decode
from tickets.email.html import declared_charset, html_to_text
from tickets.email.message import Mail, read_mail

Mask = Callable[[str], str]
MARK = "X-Redacted"


def redacted(raw: bytes, mail: Mail, mask: Mask) -> bytes:
    """The mail with its texts masked; the very same bytes when there is nothing to mask. Never raises."""
    if not _needs_it(mail, mask):
        return raw
    try:
        rewritten = _rewritten(raw, mail, mask)
        if not _needs_it(read_mail(rewritten), mask):
            return rewritten
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError):
        # What the library cannot write again is kept as its words alone.
        return _words_only(mail, mask)
    return _words_only(mail, mask)


def redacted_bytes(raw: bytes, mask: Mask) -> bytes:
    """For what could not be read as a mail: digits that stand in it as they are."""
    return mask(raw.decode("latin-1")).encode("latin-1")


def _needs_it(mail: Mail, mask: Mask) -> bool:
    return any(mask(text) != text for text in (mail.subject, mail.text, mail.html and html_to_text(mail.html)))


def _rewritten(raw: bytes, mail: Mail, mask: Mask) -> bytes:
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_maintype() == "text" and not part.is_multipart() and not part.get_filename():
            _mask_part(part, mask)
    if mask(mail.subject) != mail.subject:
        del message["Subject"]
        message["Subject"] = Header(mask(mail.subject), "utf-8").encode()
    message[MARK] = "payment data"
    return message.as_bytes()


def _mask_part(part: "Message[str, str]", mask: Mask) -> None:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    is_html = part.get_content_type() == "text/html"
    charset = str(part.get_param("charset") or "") or (declared_charset(content) if is_html else "")
    text = clean(decode(content, charset))
    masked = mask(text)
    if is_html and mask(html_to_text(masked)) != html_to_text(masked):
        # The number runs across tags: then the words are kept, and their looks are not.
        masked = mask(html_to_text(masked))
        part.set_type("text/plain")
    if masked == text:
        return
    del part["Content-Transfer-Encoding"]
    part.set_payload(masked.encode())
    part.set_param("charset", "utf-8")
    encoders.encode_base64(part)


def _words_only(mail: Mail, mask: Mask) -> bytes:
    head = {
        "Message-ID": f"<{mail.message_id}>" if mail.message_id else "",
        "From": Header(mail.sender_name, "utf-8").encode() + f" <{mail.sender}>" if mail.sender else "",
        "Subject": Header(mask(mail.subject), "utf-8").encode(),
        "In-Reply-To": " ".join(f"<{one}>" for one in mail.references[:20]),
        MARK: "payment data; words only",
        "Content-Type": "text/plain; charset=utf-8",
    }
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n" + mask(mail.text)).encode("utf-8", "replace")
