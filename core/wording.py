"""Small joints of sentences, in the reader's language."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _


def listed(words: Iterable[object]) -> str:
    """`甲、乙`"""
    return _("、").join(str(word) for word in words)


def parts(sentences: Iterable[object]) -> str:
    """`甲；乙`"""
    return _("；").join(str(sentence) for sentence in sentences)


def explained(words: str | Promise, more: object) -> str:
    """`甲：乙`, or the words alone when there is nothing more to say."""
    return _("{words}：{more}").format(words=words, more=more) if more else str(words)
