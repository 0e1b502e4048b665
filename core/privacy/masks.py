"""Masks of personal data, by the kind of the value."""

from core.language.masking import mask_address, mask_bank_card, mask_email, mask_id_number, mask_name, mask_phone

__all__ = ["mask_address", "mask_bank_card", "mask_email", "mask_id_number", "mask_name", "mask_phone"]
