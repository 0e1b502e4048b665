"""Letters kept as files instead of sent: the mail backend of an installation without a mail server.

Letters carry names and addresses, so neither the folder nor a letter is readable to other logins, and
nothing of them reaches a log.
"""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from core import clock


class KeptMailBackend(BaseEmailBackend):
    """Writes each letter to `EMAIL_FILE_PATH` as an .eml file, named by its moment (UTC)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(str(settings.EMAIL_FILE_PATH))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for letter in email_messages:
            name = f"{clock.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}.eml"
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(letter.message().as_bytes())
        return len(email_messages)
