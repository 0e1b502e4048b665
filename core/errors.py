"""What services raise when a request cannot be done.

A domain error is a sentence for people and a code for programs. Views need not catch it:
the API answers with its status, forms show its sentence.
"""

from typing import Any, ClassVar

from django.utils.functional import Promise

Sentence = str | Promise


class DomainError(Exception):
    """A rule of the product said no.

    `fields` names the inputs at fault, each with its sentences. Further keyword arguments
    become top-level keys of the API's answer (for example `allowed=[…]`).
    """

    status: ClassVar[int] = 400
    default_code: ClassVar[str] = "invalid"

    def __init__(
        self,
        message: Sentence,
        *,
        code: str | None = None,
        fields: dict[str, list[str]] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self._message = message
        self.code = code or self.default_code
        self.fields = fields or {}
        self.extra = extra

    @property
    def message(self) -> str:
        """The sentence in the language that is active now."""
        return str(self._message)

    def __str__(self) -> str:
        return self.message


class InvalidInput(DomainError):
    """The request itself is wrong; the caller can mend it."""


class NotAllowed(DomainError):
    """The actor may see the thing, but not do this to it."""

    status = 403
    default_code = "permission_denied"


class NotFound(DomainError):
    """It does not exist, or the actor may not know that it does."""

    status = 404
    default_code = "not_found"


class Conflict(DomainError):
    """The request is fine, the present state forbids it."""

    status = 409
    default_code = "conflict"


class TooLarge(DomainError):
    status = 413
    default_code = "too_large"


class RateLimited(DomainError):
    status = 429
    default_code = "rate_limited"
