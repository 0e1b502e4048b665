"""Signatures and the AES mode of WeChat official accounts.

A signature is SHA-1 over the sorted, joined words. In AES mode the plain text is 16 random bytes, the
length of the message in 4 bytes (network order), the message, and the AppID; padded by PKCS#7 to blocks
of 32; encrypted by AES-256-CBC with the key, whose first 16 bytes are the initial vector.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
KEY_LENGTH = 43
_RANDOM = 16
_LENGTH = 4


class Refused(Exception):
    """What came was not made by who holds the token and the key."""


def signature(*words: str) -> str:
    """SHA-1 over the words in order of their characters."""
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()


def check_signature(given: str, *words: str) -> None:
    """Raises Refused unless the signature is that of the words."""
    if not hmac.compare_digest(signature(*words).encode(), given.encode()):
        raise Refused("signature")


def decode_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey (43 characters of base64 without padding). Raises ValueError."""
    if len(encoding_aes_key) != KEY_LENGTH or not encoding_aes_key.isascii() or not encoding_aes_key.isalnum():
        raise ValueError("An EncodingAESKey has 43 letters and digits.")
    # The last character carries two bits too many; like the platform we let them fall.
    return base64.b64decode(encoding_aes_key + "=")


def decrypt(text: str, *, key: bytes, app_id: str) -> bytes:
    """The message in an encrypted text. Raises Refused when it is broken or meant for another account."""
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("base64") from error
    if not sealed or len(sealed) % BLOCK:
        raise Refused("length")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = _unpad(decryptor.update(sealed) + decryptor.finalize())
    start = _RANDOM + _LENGTH
    size = int.from_bytes(plain[_RANDOM:start], "big")
    if len(plain) < start + size or plain[start + size :] != app_id.encode():
        raise Refused("appid")
    return plain[start : start + size]


def encrypt(message: bytes, *, key: bytes, app_id: str, filler: bytes | None = None) -> str:
    """The text that `decrypt` opens. filler: 16 bytes instead of random ones, for known answers."""
    filler = filler if filler is not None else secrets.token_bytes(_RANDOM)
    plain = filler + len(message).to_bytes(_LENGTH, "big") + message + app_id.encode()
    count = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()).decode()


def _unpad(plain: bytes) -> bytes:
    count = plain[-1]
    if not 1 <= count <= BLOCK or plain[-count:] != bytes([count]) * count:
        raise Refused("padding")
    return plain[:-count]
