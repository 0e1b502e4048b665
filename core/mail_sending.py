"""Handing a mail over: which refusals are for good, and which are worth another try."""

import smtplib

from django.core.mail import EmailMessage

from core.outbox import Undeliverable


class Refused(Undeliverable):
    """The receiving server will never take this mail; says what it answered."""


def send(mail: EmailMessage) -> None:
    """Through the mail's own server or Django's. Refusals for good raise Refused; everything else is tried again.

    An answer of 5xx is for good, of 4xx for now. A refused login is ours to mend, so it is tried again,
    whatever the server calls it.
    """
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        answers = list(error.recipients.values())
        if answers and all(_is_final(code) for code, _text in answers):
            raise Refused(_answer(*answers[0])) from error
        raise
    except smtplib.SMTPAuthenticationError:
        raise
    except smtplib.SMTPResponseException as error:
        if _is_final(error.smtp_code) and error.smtp_code not in _LOGIN:
            raise Refused(_answer(error.smtp_code, error.smtp_error)) from error
        raise


#: Answers that ask for a login, or for another one.
_LOGIN = frozenset({530, 534, 535, 538})


def _is_final(code: int) -> bool:
    return 500 <= code < 600


def _answer(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())}"[:300]
