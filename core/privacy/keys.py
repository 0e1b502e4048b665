"""The keys: a ring for encryption, newest first, and one key for searchable hashes."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
DERIVED_KEY_ID = "derived"
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# 192 bits of the HMAC: no two values of any real table meet, and the index stays small.
_INDEX_BYTES = 24


@dataclass(frozen=True)
class KeyRing:
    """Keys by id. The newest one encrypts; all of them decrypt."""

    newest: str
    keys: Mapping[str, AESGCM]


def key_ring() -> KeyRing:
    """The ring of settings.PRIVACY_KEYS. Raises ImproperlyConfigured with a sentence."""
    return _ring(settings.PRIVACY_KEYS, _derivation_secret())


def blind_index(label: str, value: str) -> str:
    """The keyed hash under which `value` is found: 32 characters, "" for "".

    `label` keeps hashes of different meanings apart. The value must be normalised already; the
    default label of a BlindIndexField is the name of its source field.
    """
    if not value:
        return ""
    key = _index_key(settings.PRIVACY_INDEX_KEY, _derivation_secret())
    digest = hmac.digest(key, f"{label}\x00{value}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_INDEX_BYTES]).decode()


def _derivation_secret() -> str:
    """What keys may be derived from when none are given; "" where that is not allowed."""
    return settings.SECRET_KEY if getattr(settings, "PRIVACY_KEYS_DERIVED", False) else ""


@lru_cache(maxsize=16)
def _ring(setting: str, secret: str) -> KeyRing:
    if not setting.strip():
        key = _derived(secret, "KEAN_PRIVACY_KEYS", b"kean personal data")
        return KeyRing(DERIVED_KEY_ID, {DERIVED_KEY_ID: AESGCM(key)})
    keys: dict[str, AESGCM] = {}
    for entry in setting.split(","):
        key_id, colon, encoded = entry.strip().partition(":")
        if not colon or not _KEY_ID.fullmatch(key_id) or key_id in keys:
            raise ImproperlyConfigured("KEAN_PRIVACY_KEYS: write id:key,id:key with different ids, newest first.")
        keys[key_id] = AESGCM(_decoded("KEAN_PRIVACY_KEYS", encoded))
    return KeyRing(next(iter(keys)), keys)


@lru_cache(maxsize=16)
def _index_key(setting: str, secret: str) -> bytes:
    if not setting.strip():
        return _derived(secret, "KEAN_PRIVACY_INDEX_KEY", b"kean blind index")
    return _decoded("KEAN_PRIVACY_INDEX_KEY", setting.strip())


def _decoded(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(f"{name}: a key is not base64.") from None
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name}: a key has {len(key)} bytes, it must have {KEY_BYTES}.")
    return key


def _derived(secret: str, name: str, purpose: bytes) -> bytes:
    if not secret:
        raise ImproperlyConfigured(
            f"{name} is not set. Personal data needs keys of its own: 32 random bytes in base64 (docs/privacy.md)."
        )
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret.encode())
