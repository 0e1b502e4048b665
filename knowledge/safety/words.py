"""The phrases in force: those the product knows, with what the shop added and switched off."""

from collections.abc import Iterable

from django.apps import apps
from django.core.cache import cache

from knowledge.choices import SafetyTermKind
from knowledge.safety.claims import BUILT_IN, Words

_KEY = "knowledge:safety_words"
TTL_SECONDS = 30


def in_force() -> Words:
    """From the shared cache: every reply and every look at a ticket asks."""
    found: Words | None = cache.get(_KEY)
    if found is None:
        rows = apps.get_model("knowledge", "SafetyTerm")._default_manager.values_list("kind", "text", "is_active")
        found = merged(list(rows))
        cache.set(_KEY, found, TTL_SECONDS)
    return found


def forget() -> None:
    cache.delete(_KEY)


def merged(rows: Iterable[tuple[str, str, bool]]) -> Words:
    """The built-in words with these (kind, text, whether in use) over them."""
    chosen = {(kind, text): is_active for kind, text, is_active in rows}

    def of(kind: str, built_in: Iterable[str] = ()) -> tuple[str, ...]:
        own = [text for (its_kind, text), is_active in chosen.items() if its_kind == kind and is_active]
        return tuple(dict.fromkeys([*(one for one in built_in if chosen.get((kind, one), True)), *own]))

    return Words(
        mentions=of(SafetyTermKind.MENTION, BUILT_IN.mentions),
        claims=of(SafetyTermKind.CLAIM),
        harmless=of(SafetyTermKind.HARMLESS),
    )
