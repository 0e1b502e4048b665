"""Words of Chinese text, and the tokens that search stores and asks for.

Text is folded first (full-width forms to half-width, lower case), then cut into runs.
Ideographs, kana and hangul give words (rjieba) and bigrams; other letters and digits give one
token a run. A word of two characters is a bigram already and appears once. Tokens hold
letters and digits only, so they are safe in `to_tsvector` and `to_tsquery`, and no string is
refused: emoji, control characters and lone surrogates simply give nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import rjieba
from pypinyin import Style, lazy_pinyin

# Longer runs of Latin letters or digits are cut: PostgreSQL refuses words over 2,046 bytes.
TOKEN_LENGTH_LIMIT = 64
# Whole runs up to this length are found by their initials too ("qtwly" finds 七天无理由退货).
INITIALS_RUN_LIMIT = 12

_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003fffd"
_RUN = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>[^\W_{_CJK}]+)")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def fold(text: str) -> str:
    """Full-width forms and ligatures to plain ones, lower case. May change the length."""
    return unicodedata.normalize("NFKC", text).lower()


def words(text: str) -> list[str]:
    """The words of the text in order, without bigrams; single characters included."""
    found: list[str] = []
    for run, is_cjk in _runs(text):
        found.extend(rjieba.cut(run) if is_cjk else [run])
    return found


def tokens(text: str) -> list[str]:
    """Words and character bigrams in order of appearance, duplicates kept (for counting)."""
    found: list[str] = []
    for run, is_cjk in _runs(text):
        if is_cjk:
            found.extend(_bigrams(run))
            found.extend(word for word in rjieba.cut(run) if len(word) != 2)
        else:
            found.append(run)
    return found


def search_vector_text(text: str, pinyin: bool = True) -> str:
    """What to store with `to_tsvector('simple', …)`: distinct tokens joined by spaces.

    The last character of a run is added alone, so that `退:*` finds every text that holds 退.
    With `pinyin`, initials of words (退款 → tk) and of short runs come too; leave them out of
    long bodies, where they would match almost anything.
    """
    found: dict[str, None] = dict.fromkeys(tokens(text))
    for run, is_cjk in _runs(text):
        if not is_cjk:
            continue
        found[run[-1]] = None
        if pinyin:
            found.update(dict.fromkeys(_run_initials(run)))
    return " ".join(found)


def query_tokens(query: str) -> list[str]:
    """Distinct tokens that a matching text must hold, all of them.

    Chinese gives bigrams (a lone character gives itself: match it as a prefix); letters and digits
    give themselves, which also matches stored pinyin initials.
    """
    found: dict[str, None] = {}
    for run, is_cjk in _runs(query):
        found.update(dict.fromkeys(_bigrams(run) or [run] if is_cjk else [run]))
    return list(found)


def tsquery_text(query: str) -> str:
    """The same as an expression for `to_tsquery('simple', …)`; "" when nothing can be searched.

    Lone characters, letters and digits match as prefixes.
    """
    return " & ".join(f"{token}:*" if len(token) == 1 or not _is_cjk(token) else token for token in query_tokens(query))


def pinyin_initials(text: str) -> str:
    """Initials of the pinyin of every Chinese character, other letters and digits kept: 退款A1 → tka1."""
    return "".join(_initials(run) if is_cjk else run for run, is_cjk in _runs(text))


def sort_key(text: str) -> str:
    """A key that sorts Chinese by pinyin and puts folded Latin text in the same order."""
    return " ".join(
        " ".join(lazy_pinyin(run, errors="default")) if is_cjk else run for run, is_cjk in _runs(text)
    ).lower()


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """(run, whether it is ideographs, kana or hangul) of the folded text."""
    for match in _RUN.finditer(fold(text)):
        if match.lastgroup == "cjk":
            yield match.group(), True
        else:
            yield match.group()[:TOKEN_LENGTH_LIMIT], False


def _is_cjk(token: str) -> bool:
    match = _RUN.match(token)
    return match is not None and match.lastgroup == "cjk"


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _run_initials(run: str) -> list[str]:
    found = [_initials(word) for word in rjieba.cut(run) if len(word) > 1]
    if len(run) <= INITIALS_RUN_LIMIT:
        found.append(_initials(run))
    return [initials for initials in found if initials]


@lru_cache(maxsize=32768)
def _initials(word: str) -> str:
    han = "".join(_HAN.findall(word))
    return "".join(lazy_pinyin(han, style=Style.FIRST_LETTER, errors="ignore"))
