"""Chinese language, pure: segmentation, search tokens, pinyin, lexicons, personal data."""

from core.language.detection import Span, detect_personal_data
from core.language.masking import mask_address, mask_email, mask_name, mask_numbers, mask_payment, mask_phone, mask_text
from core.language.segmentation import (
    pinyin_initials,
    query_tokens,
    search_vector_text,
    sort_key,
    tokens,
    tsquery_text,
)

__all__ = [
    "Span",
    "detect_personal_data",
    "mask_address",
    "mask_email",
    "mask_name",
    "mask_numbers",
    "mask_payment",
    "mask_phone",
    "mask_text",
    "pinyin_initials",
    "query_tokens",
    "search_vector_text",
    "sort_key",
    "tokens",
    "tsquery_text",
]
