"""Reading e-mail (RFC 5322, MIME) as it really arrives: broken, in any encoding, of any size. No Django in here."""

from tickets.email.message import Mail, read_mail
from tickets.email.mime import MAX_BYTES

__all__ = ["MAX_BYTES", "Mail", "read_mail"]
