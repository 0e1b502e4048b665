"""AES-256-GCM over single values, bound to the place where they stand.

A stored value is: format byte, length of the key id, key id, 12 bytes nonce, ciphertext with
tag. The place (table.column.row) goes in as associated data, so a value that was copied into
another row or column does not open.
"""

import os

from cryptography.exceptions import InvalidTag

from core.privacy.keys import key_ring

_FORMAT = 1
_NONCE_BYTES = 12
_HIDDEN = "••••••"


class PrivacyError(Exception):
    """An encrypted value cannot be opened or must not be used this way."""


class Ciphertext:
    """A stored value that nobody has read yet. Printing or pickling it gives nothing away."""

    __slots__ = ("blob", "plain")

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.plain: str | None = None

    def open(self, place: str) -> str:
        """The plain text, if the value belongs to `place`; else PrivacyError."""
        if self.plain is None:
            self.plain = decrypt(self.blob, place)
        return self.plain

    def __str__(self) -> str:
        return _HIDDEN

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ciphertext) and other.blob == self.blob

    def __hash__(self) -> int:
        return hash(self.blob)

    def __reduce__(self) -> tuple[type["Ciphertext"], tuple[bytes]]:
        return Ciphertext, (self.blob,)


def encrypt(plain: str, place: str) -> bytes:
    """`plain` under the newest key. The empty text stays empty: there is nothing to hide in it."""
    if plain == "":
        return b""
    ring = key_ring()
    nonce = os.urandom(_NONCE_BYTES)
    sealed = ring.keys[ring.newest].encrypt(nonce, plain.encode(), place.encode())
    return blob_prefix(ring.newest) + nonce + sealed


def decrypt(blob: bytes, place: str) -> str:
    """The text of a stored value. Raises PrivacyError for a wrong place, damage or a missing key."""
    if blob == b"":
        return ""
    key_id = key_id_of(blob)
    key = key_ring().keys.get(key_id)
    if key is None:
        raise PrivacyError(f"{place}: the key {key_id!r} is not in KEAN_PRIVACY_KEYS.")
    body = blob[2 + len(key_id) :]
    try:
        return key.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], place.encode()).decode()
    except (InvalidTag, ValueError):
        raise PrivacyError(f"{place}: the value was changed or moved from another place.") from None


def blob_prefix(key_id: str) -> bytes:
    """The first bytes of every value that is under this key."""
    return bytes([_FORMAT, len(key_id)]) + key_id.encode()


def key_id_of(blob: bytes) -> str:
    """The id of the key a stored value is under."""
    if len(blob) < 2 or blob[0] != _FORMAT:
        raise PrivacyError("This is not a value of the known format.")
    return blob[2 : 2 + blob[1]].decode("ascii", "replace")
