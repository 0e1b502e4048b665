"""Search columns of Chinese and Latin names. Pure computation."""

from core.language import pinyin_initials


def initials(name: str) -> str:
    """Lower-case pinyin initials of a name: 王小明 → "wxm"."""
    return pinyin_initials(name).lower()[:100]


def grams(text: str) -> list[str]:
    """Characters and pairs of neighbours, lower-case and each once, so that any part of a name can be looked up."""
    lowered = "".join(text.lower().split())
    pairs = [lowered[i : i + 2] for i in range(len(lowered) - 1)]
    return list(dict.fromkeys([*lowered, *pairs]))


def query_grams(text: str) -> list[str]:
    """The fewest grams that a name must hold to contain `text`."""
    lowered = "".join(text.lower().split())
    return [lowered] if len(lowered) == 1 else [lowered[i : i + 2] for i in range(len(lowered) - 1)]
