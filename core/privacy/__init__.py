"""Personal data at rest: encrypted columns, searchable through keyed hashes, shown masked."""

from core.privacy.cipher import Ciphertext, PrivacyError
from core.privacy.fields import BlindIndexField, EncryptedTextField, WrittenTextField
from core.privacy.keys import blind_index
from core.privacy.masks import (
    mask_address,
    mask_bank_card,
    mask_email,
    mask_id_number,
    mask_name,
    mask_phone,
)
from core.privacy.rows import EncryptedRow

__all__ = [
    "BlindIndexField",
    "Ciphertext",
    "EncryptedRow",
    "EncryptedTextField",
    "PrivacyError",
    "WrittenTextField",
    "blind_index",
    "mask_address",
    "mask_bank_card",
    "mask_email",
    "mask_id_number",
    "mask_name",
    "mask_phone",
]
